// SPDX-License-Identifier: Apache-2.0
//
// What can be done about certificates: bring one in, have one issued, show it at a listener, delete
// it.
import { useState } from 'preact/hooks';
import {
  deedOperation,
  deeds,
  deedsFor,
  freshImport,
  importOf,
  isDeclared,
  keyAlgorithms,
  requestOf,
} from '../certificate_draft';
import type { Deed, Pem, RequestDraft, Shown } from '../certificate_draft';
import { config } from '../live';
import { Problem } from '../parts/bits';
import { declaredText, Field, lockOf, OperationButton } from '../parts/operation';
import { describe } from '../server';
import type { Certificate } from '../types';

interface Done {
  done: () => void;
}

const file_bytes_max = 256 * 1024;

function PemFields({
  label,
  hint,
  name,
  value,
  set,
}: {
  label: string;
  hint: string;
  name: string;
  value: Pem;
  set: (next: Pem) => void;
}) {
  const [problem, setProblem] = useState('');
  const read = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    setProblem('');
    if (!file) return;
    if (file.size > file_bytes_max) setProblem(`${file.name} is too large to be one.`);
    else set({ text: await file.text(), file: file.name });
  };
  return (
    <div class="pem">
      <Field label={label} hint={hint}>
        <textarea
          name={name}
          rows={3}
          value={value.text}
          spellcheck={false}
          autocomplete="off"
          placeholder="-----BEGIN …"
          onInput={(event) => set({ ...value, text: event.currentTarget.value })}
        />
      </Field>
      <Field label={`${label}, from a file`}>
        <input
          type="file"
          name={`${name}-file`}
          onChange={(event) => void read(event.currentTarget)}
        />
      </Field>
      {problem && <Problem>{problem}</Problem>}
    </div>
  );
}

export function Import({ certificates, done }: Done & { certificates: Certificate[] }) {
  const [draft, setDraft] = useState(freshImport());
  const replaceable = certificates.filter((each) => each.Type === 'IMPORTED' && !isDeclared(each));
  return (
    <OperationButton
      title="Import a certificate"
      button="Import"
      verb="Import it"
      onDone={done}
      onOpen={() => setDraft(freshImport())}
      onClose={() => setDraft(freshImport())}
      operations={() => importOf(draft)}
    >
      <PemFields
        label="Certificate"
        hint="PEM, this one alone"
        name="certificate"
        value={draft.certificate}
        set={(certificate) => setDraft((now) => ({ ...now, certificate }))}
      />
      <PemFields
        label="Private key"
        hint="PEM, not encrypted; it is sealed in the node’s store, and never shown again"
        name="key"
        value={draft.key}
        set={(key) => setDraft((now) => ({ ...now, key }))}
      />
      <PemFields
        label="Chain"
        hint="PEM, who issued it, if clients need that"
        name="chain"
        value={draft.chain}
        set={(chain) => setDraft((now) => ({ ...now, chain }))}
      />
      <Field label="In place of" hint="listeners go on with the new one">
        <select
          name="replaces"
          value={draft.replaces}
          onChange={(event) => setDraft({ ...draft, replaces: event.currentTarget.value })}
        >
          <option value="">none: it is a new one</option>
          {replaceable.map(({ CertificateArn, DomainName }) => (
            <option key={CertificateArn} value={CertificateArn}>
              {DomainName} ({CertificateArn.replace(/^.*\//, '')})
            </option>
          ))}
        </select>
      </Field>
    </OperationButton>
  );
}

export function Request({ done }: Done) {
  const fresh: RequestDraft = { name: '', others: '', key: keyAlgorithms[0]! };
  const [draft, setDraft] = useState(fresh);
  return (
    <OperationButton
      title="Request a certificate"
      button="Request"
      verb="Request it"
      onDone={done}
      onOpen={() => setDraft(fresh)}
      operations={() => requestOf(draft)}
    >
      <p class="muted">
        Issued by the node’s own authority, where daruma.yaml has <code>LocalAuthority: true</code>,
        and renewed by itself. Clients have to trust that authority.
      </p>
      <Field label="Name">
        <input
          name="name"
          value={draft.name}
          spellcheck={false}
          placeholder="www.example.com"
          onInput={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
        />
      </Field>
      <Field label="Other names" hint="one a line">
        <textarea
          name="others"
          rows={2}
          value={draft.others}
          spellcheck={false}
          onInput={(event) => setDraft({ ...draft, others: event.currentTarget.value })}
        />
      </Field>
      <Field label="Key">
        <select
          name="key"
          value={draft.key}
          onChange={(event) => setDraft({ ...draft, key: event.currentTarget.value })}
        >
          {keyAlgorithms.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </Field>
    </OperationButton>
  );
}

interface Of extends Done {
  certificate: Certificate;
}

export function DeleteCertificate({ certificate, done }: Of) {
  const lock =
    lockOf() ||
    (isDeclared(certificate) && declaredText) ||
    ((certificate.InUseBy ?? []).length > 0 && 'It is in use: take it from the listeners first.');
  return (
    <OperationButton
      title={`Delete ${certificate.DomainName}`}
      button="Delete"
      hidden={certificate.DomainName}
      verb="Delete it"
      danger
      small
      locked={lock}
      onDone={done}
      operations={() => [
        {
          service: 'acm',
          name: 'DeleteCertificate',
          parameters: { CertificateArn: certificate.CertificateArn },
        },
      ]}
    >
      <p>Its private key is deleted with it.</p>
    </OperationButton>
  );
}

interface Place {
  arn: string;
  title: string;
  declared: boolean;
}

const placesOf = (): Place[] =>
  config.value!.load_balancers.flatMap(({ name, declared, listeners }) =>
    listeners
      .filter(({ protocol }) => protocol === 'HTTPS')
      .map(({ arn, port }) => ({ arn, declared, title: `${name}, port ${port}` })),
  );

async function shownAt(listener: string): Promise<Shown[]> {
  const all: Shown[] = [];
  let marker = '';
  do {
    const answer = await describe<{ Certificates: Shown[] | ''; NextMarker?: string }>({
      service: 'elbv2',
      name: 'DescribeListenerCertificates',
      parameters: { ListenerArn: listener, PageSize: 400, ...(marker ? { Marker: marker } : {}) },
    });
    all.push(...(answer.Certificates || []));
    marker = answer.NextMarker ?? '';
  } while (marker);
  return all;
}

interface Chosen {
  place: Place;
  possible: Deed[];
  deed: Deed | undefined;
}

export function Listeners({ certificate, done }: Of) {
  const places = placesOf();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [problem, setProblem] = useState('');
  const load = async (place: Place) => {
    setChosen(null);
    setProblem('');
    try {
      const possible = deedsFor(await shownAt(place.arn), certificate.CertificateArn);
      setChosen({ place, possible, deed: possible[0] });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const operations = () => {
    if (!chosen) return problem || 'Loading …';
    if (chosen.place.declared) return declaredText;
    if (!chosen.deed) return 'It is the default there: make another the default first.';
    return [deedOperation(chosen.deed, chosen.place.arn, certificate.CertificateArn)];
  };
  const lock =
    lockOf() ||
    (places.length === 0 && 'There is no HTTPS listener.') ||
    (places.every(({ declared }) => declared) && declaredText);
  return (
    <OperationButton
      title={`Listeners that show ${certificate.DomainName}`}
      button="Listeners"
      hidden={`of ${certificate.DomainName}`}
      verb="Change it"
      small
      locked={lock}
      onDone={done}
      onOpen={() => void load(places.find(({ declared }) => !declared) ?? places[0]!)}
      operations={operations}
    >
      <Field label="Listener">
        <select
          name="listener"
          value={chosen?.place.arn ?? ''}
          onChange={(event) =>
            void load(places.find(({ arn }) => arn === event.currentTarget.value)!)
          }
        >
          {places.map(({ arn, title }) => (
            <option key={arn} value={arn}>
              {title}
            </option>
          ))}
        </select>
      </Field>
      {problem && <Problem>{problem}</Problem>}
      {chosen && chosen.possible.length > 0 && (
        <Field label="What is to be done">
          <select
            name="deed"
            value={chosen.deed}
            onChange={(event) => setChosen({ ...chosen, deed: event.currentTarget.value as Deed })}
          >
            {chosen.possible.map((deed) => (
              <option key={deed} value={deed}>
                {deeds[deed]}
              </option>
            ))}
          </select>
        </Field>
      )}
    </OperationButton>
  );
}
