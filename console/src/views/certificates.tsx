// SPDX-License-Identifier: Apache-2.0
//
// Certificates, the one that ends first before the others, and what can be done about them.
import { isDeclared } from '../certificate_draft';
import { dateAndTime, many } from '../format';
import { config, state } from '../live';
import { useAsked } from '../parts/asked';
import { Badge, Problem } from '../parts/bits';
import type { Tone } from '../parts/bits';
import { lockOf, useForm } from '../parts/operation';
import type { Show } from '../parts/operation';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { call } from '../server';
import type { Certificate } from '../types';
import { DeleteCertificate, Request } from './certificate_forms';
import { Import } from './certificate_import';
import { Listeners } from './certificate_listeners';

interface Listed {
  CertificateSummaryList: { CertificateArn: string }[];
  NextToken?: string;
}

async function allCertificates(): Promise<Certificate[]> {
  const arns: string[] = [];
  let token: string | undefined;
  do {
    const answer: Listed = await call<Listed>('acm', 'ListCertificates', {
      MaxItems: 100,
      Includes: {
        keyTypes: [
          'RSA_1024',
          'RSA_2048',
          'RSA_3072',
          'RSA_4096',
          'EC_prime256v1',
          'EC_secp384r1',
          'EC_secp521r1',
        ],
      },
      ...(token ? { NextToken: token } : {}),
    });
    arns.push(...answer.CertificateSummaryList.map(({ CertificateArn }) => CertificateArn));
    token = answer.NextToken;
  } while (token);
  const found: Certificate[] = [];
  // A few at a time: a node may have hundreds.
  for (let first = 0; first < arns.length; first += 8) {
    found.push(
      ...(await Promise.all(
        arns.slice(first, first + 8).map(
          async (CertificateArn) =>
            (
              await call<{ Certificate: Certificate }>('acm', 'DescribeCertificate', {
                CertificateArn,
              })
            ).Certificate,
        ),
      )),
    );
  }
  return found.sort((one, two) => (one.NotAfter ?? Infinity) - (two.NotAfter ?? Infinity));
}

const daysLeft = ({ NotAfter }: Certificate) =>
  NotAfter === undefined ? null : Math.floor((NotAfter - state.value!.time) / 86400);

export function toneOfDays(days: number | null): Tone {
  if (days === null) return 'unused';
  return days < 7 ? 'critical' : days < 21 ? 'warning' : 'ok';
}

function usedBy({ InUseBy }: Certificate): string {
  const names = (InUseBy ?? []).map(
    (arn) => config.value!.load_balancers.find((each) => each.arn === arn)?.name ?? arn,
  );
  return names.join(', ');
}

const columns: Column<Certificate>[] = [
  {
    name: 'Name',
    order: ({ DomainName }) => DomainName,
    cell: ({ DomainName, CertificateArn }) => <span title={CertificateArn}>{DomainName}</span>,
  },
  {
    name: 'Ends in',
    order: (each) => daysLeft(each) ?? Infinity,
    cell: (each) => {
      const days = daysLeft(each);
      return (
        <Badge tone={toneOfDays(days)}>
          {days === null ? 'not known' : days < 0 ? 'it has ended' : many(days, 'day')}
        </Badge>
      );
    },
  },
  { name: 'Ends', cell: ({ NotAfter }) => dateAndTime(NotAfter) },
  { name: 'Used by', cell: (each) => usedBy(each) || <span class="muted">nobody</span> },
  {
    name: 'Other names',
    cell: ({ DomainName, SubjectAlternativeNames }) => {
      const others = (SubjectAlternativeNames ?? [])
        .filter((name) => name !== DomainName)
        .join(', ');
      return (
        <span class="cut" title={others}>
          {others}
        </span>
      );
    },
  },
  { name: 'Key', cell: ({ KeyAlgorithm }) => KeyAlgorithm ?? '' },
  {
    name: 'Came by',
    cell: (each) =>
      each.Type === 'AMAZON_ISSUED'
        ? 'issued here, renewed by itself'
        : isDeclared(each)
          ? 'declared in daruma.yaml'
          : 'imported',
  },
];

const columnsWith = (
  certificates: Certificate[],
  show: Show,
  done: () => void,
): Column<Certificate>[] => [
  ...columns,
  {
    name: 'Change',
    cell: (certificate) => (
      <span class="actions">
        <Listeners certificate={certificate} certificates={certificates} show={show} done={done} />
        <DeleteCertificate certificate={certificate} show={show} done={done} />
      </span>
    ),
  },
];

export function Certificates() {
  const { answer, problem, again } = useAsked(
    allCertificates,
    String(state.value!.revision),
    60_000,
  );
  const [form, show] = useForm();
  const lock = lockOf();
  return (
    <>
      <header class="section-head">
        <h1>Certificates</h1>
        <span class="actions">
          <Import certificates={answer ?? []} done={again} />
          <Request done={again} />
        </span>
      </header>
      {lock && <p class="muted">They cannot be changed here: {lock}</p>}
      {problem && <Problem>{problem}</Problem>}
      <section class="panel" aria-label="Certificates by their end">
        <Table
          label="Certificates"
          columns={columnsWith(answer ?? [], show, again)}
          rows={answer ?? []}
          keyOf={({ CertificateArn }) => CertificateArn}
          toneOf={(each) => `tone-${toneOfDays(daysLeft(each))}`}
          empty={answer ? 'There is no certificate.' : 'Loading …'}
        />
        {form}
      </section>
    </>
  );
}
