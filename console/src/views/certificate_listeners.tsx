// SPDX-License-Identifier: Apache-2.0
//
// Where a certificate is shown: added to a listener, made its default, taken from it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { deedOperations, deeds, deedsFor, outgoingOf } from '../certificate_draft';
import type { Deed, Shown } from '../certificate_draft';
import { config } from '../live';
import { Problem } from '../parts/bits';
import { declaredText, Field, lockOf, OpenButton, OperationDialog } from '../parts/operation';
import type { Show } from '../parts/operation';
import { describe } from '../server';
import type { Certificate } from '../types';

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

export interface OfCertificate {
  certificate: Certificate;
  certificates: Certificate[]; // all
  done: () => void;
}

export function Listeners({ show, ...of }: OfCertificate & { show: Show }) {
  const places = placesOf();
  const lock =
    lockOf() ||
    (places.length === 0 && 'There is no HTTPS listener.') ||
    (places.every(({ declared }) => declared) && declaredText);
  return (
    <OpenButton
      button="Listeners"
      hidden={`of ${of.certificate.DomainName}`}
      small
      locked={lock}
      open={() => show((close) => <ListenersForm {...of} close={close} />)}
    />
  );
}

function nameOf(arn: string, certificates: Certificate[]): string {
  const found = certificates.find(({ CertificateArn }) => CertificateArn === arn);
  const id = arn.replace(/^.*\//, '');
  return found ? `${found.DomainName} (${id})` : id;
}

function ListenersForm({
  certificate: { CertificateArn: arn, DomainName },
  certificates,
  done,
  close,
}: OfCertificate & { close: () => void }) {
  const places = placesOf();
  const [listener, setListener] = useState(
    () => (places.find(({ declared }) => !declared) ?? places[0])?.arn ?? '',
  );
  const [shown, setShown] = useState<Shown[] | null>(null);
  const [deed, setDeed] = useState<Deed | ''>('');
  const [keeps, setKeeps] = useState(true);
  const [problem, setProblem] = useState('');
  const asked = useRef(''); // whose answer is waited for
  const load = async (from: string) => {
    asked.current = from;
    setListener(from);
    setShown(null);
    setDeed('');
    setProblem('');
    try {
      const found = await shownAt(from);
      if (asked.current === from) setShown(found);
    } catch (error) {
      if (asked.current === from)
        setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  useEffect(() => void load(listener), []);
  const possible = shown ? deedsFor(shown, arn) : [];
  const outgoing = shown && deed === 'default' ? outgoingOf(shown, arn) : '';
  const operations = () => {
    if (!shown) return problem || 'Loading …';
    if (places.find((each) => each.arn === listener)?.declared) return declaredText;
    if (possible.length === 0) return 'It is the default there: make another the default first.';
    if (!deed) return 'Choose what is to be done.';
    return deedOperations(deed, listener, arn, keeps ? outgoing : '');
  };
  return (
    <OperationDialog
      title={`Listeners that show ${DomainName}`}
      verb="Change it"
      onClose={close}
      onDone={done}
      operations={operations}
    >
      <Field label="Listener">
        <select
          name="listener"
          value={listener}
          onChange={(event) => void load(event.currentTarget.value)}
        >
          {places.map((each) => (
            <option key={each.arn} value={each.arn}>
              {each.title}
            </option>
          ))}
        </select>
      </Field>
      {problem && <Problem>{problem}</Problem>}
      {possible.length > 0 && (
        <Field label="What is to be done">
          <select
            name="deed"
            value={deed}
            onChange={(event) => setDeed(event.currentTarget.value as Deed | '')}
          >
            <option value="">Choose …</option>
            {possible.map((each) => (
              <option key={each} value={each}>
                {deeds[each]}
              </option>
            ))}
          </select>
        </Field>
      )}
      {outgoing && (
        <>
          <p>
            It takes the place of <b>{nameOf(outgoing, certificates)}</b>, which this listener shows
            no more, not to clients that ask for its names either, unless it stays:
          </p>
          <label class="check">
            <input
              type="checkbox"
              name="keep"
              checked={keeps}
              onChange={(event) => setKeeps(event.currentTarget.checked)}
            />
            Keep it as one of the others
          </label>
        </>
      )}
    </OperationDialog>
  );
}
