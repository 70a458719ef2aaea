// SPDX-License-Identifier: Apache-2.0
//
// A certificate that is asked for, and one that is deleted.
import { useState } from 'preact/hooks';
import { isDeclared, keyAlgorithms, requestOf } from '../certificate_draft';
import type { RequestDraft } from '../certificate_draft';
import {
  declaredText,
  Field,
  lockOf,
  OpenButton,
  OperationButton,
  OperationDialog,
} from '../parts/operation';
import type { Show } from '../parts/operation';
import type { Certificate } from '../types';

export function Request({ done }: { done: () => void }) {
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

interface Of {
  certificate: Certificate;
  done: () => void;
}

export function DeleteCertificate({ show, ...of }: Of & { show: Show }) {
  const { certificate } = of;
  const lock =
    lockOf() ||
    (isDeclared(certificate) && declaredText) ||
    ((certificate.InUseBy ?? []).length > 0 && 'It is in use: take it from the listeners first.');
  return (
    <OpenButton
      button="Delete"
      hidden={certificate.DomainName}
      danger
      small
      locked={lock}
      open={() => show((close) => <DeleteForm {...of} close={close} />)}
    />
  );
}

function DeleteForm({ certificate, done, close }: Of & { close: () => void }) {
  return (
    <OperationDialog
      title={`Delete ${certificate.DomainName}`}
      verb="Delete it"
      danger
      onClose={close}
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
    </OperationDialog>
  );
}
