// SPDX-License-Identifier: Apache-2.0
//
// A certificate that is brought in, as text or out of files. Its private key leaves the page when
// the node has it, or the form is closed.
import { useEffect, useRef, useState } from 'preact/hooks';
import { freshImport, importOf, isDeclared, usualFiles } from '../certificate_draft';
import type { Pem } from '../certificate_draft';
import { Problem } from '../parts/bits';
import { Field, OperationButton } from '../parts/operation';
import type { Certificate } from '../types';

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
  name: keyof typeof usualFiles;
  value: Pem;
  set: (next: Pem) => void;
}) {
  const [problem, setProblem] = useState('');
  const chooser = useRef<HTMLInputElement>(null);
  // A file that is still read when another is chosen, something is typed, or the form is closed, is
  // nobody's any more.
  const turn = useRef(0);
  useEffect(() => () => void (turn.current += 1), []);
  const read = async (input: HTMLInputElement) => {
    const mine = (turn.current += 1);
    const file = input.files?.[0];
    setProblem('');
    set({ text: '', file: usualFiles[name] });
    if (!file) return;
    try {
      if (file.size > file_bytes_max) throw new Error('it is too large to be one');
      const text = await file.text();
      if (mine === turn.current) set({ text, file: file.name });
    } catch (error) {
      if (mine !== turn.current) return;
      const why = error instanceof Error ? error.message : String(error);
      setProblem(`${file.name} cannot be taken: ${why}`);
      input.value = ''; // chosen again, it is read again
    }
  };
  const type = (text: string) => {
    turn.current += 1;
    setProblem('');
    if (chooser.current) chooser.current.value = '';
    set({ text, file: usualFiles[name] });
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
          onInput={(event) => type(event.currentTarget.value)}
        />
      </Field>
      <Field label={`${label}, from a file`}>
        <input
          ref={chooser}
          type="file"
          name={`${name}-file`}
          onChange={(event) => void read(event.currentTarget)}
        />
      </Field>
      {problem && <Problem>{problem}</Problem>}
    </div>
  );
}

export function Import({ certificates, done }: { certificates: Certificate[]; done: () => void }) {
  const [draft, setDraft] = useState(freshImport());
  const replaceable = certificates.filter((each) => each.Type === 'IMPORTED' && !isDeclared(each));
  return (
    <OperationButton
      title="Import a certificate"
      button="Import"
      verb="Import it"
      onDone={() => {
        setDraft(({ key, ...others }) => ({ ...others, key: { ...key, text: '' } }));
        done();
      }}
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
