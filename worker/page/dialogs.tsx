import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Submitted } from "../src/api/submission.ts";
import type { Sweep } from "../src/api/sweeps.ts";
import { post, RequestError, sweepPath } from "./api.ts";
import { ErrorNotice } from "./elements.tsx";
import { countNoun } from "./format.ts";

/** Asks before something is done. The browser keeps the focus inside, and Escape closes it. */
function ConfirmDialog({
  title,
  confirm,
  kind,
  children,
  onConfirm,
  onClose,
}: {
  title: string;
  confirm: string;
  kind: "primary" | "danger";
  children: ComponentChildren;
  onConfirm: (values: FormData) => Promise<unknown>;
  onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<RequestError>();
  const [isSending, setSending] = useState(false);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // Removing an open dialog does not give the focus back to the button that has opened it.
    return () => element?.close();
  }, []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setSending(true);
    try {
      await onConfirm(new FormData(event.currentTarget as HTMLFormElement));
      dialog.current?.close();
    } catch (reason) {
      if (!(reason instanceof RequestError)) throw reason;
      setError(reason);
      setSending(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        {children}
        <ErrorNotice error={error} />
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep as it is
          </button>
          <button type="submit" class={kind} disabled={isSending}>
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}

export function CancelDialog({ sweep, onClose }: { sweep: Sweep; onClose: () => void }) {
  return (
    <ConfirmDialog
      title="Cancel this sweep?"
      confirm="Cancel the sweep"
      kind="danger"
      onClose={onClose}
      onConfirm={(values) => {
        const reason = String(values.get("reason")).trim();
        return post(sweepPath(sweep.name, "/cancel"), reason === "" ? {} : { reason });
      }}
    >
      <p>
        Workers stop within seconds. All results that are committed stay, and the other{" "}
        {countNoun(sweep.counts.remaining, "parameter")} can be computed later.
      </p>
      <label class="field">
        <span class="field-label">Reason, for those who look at it later</span>
        <input name="reason" maxLength={1_000} placeholder="cancelled on the page" />
      </label>
    </ConfirmDialog>
  );
}

export function ResumeDialog({ sweep, onClose }: { sweep: Sweep; onClose: () => void }) {
  return (
    <ConfirmDialog
      title="Resume this sweep?"
      confirm="Resume"
      kind="primary"
      onClose={onClose}
      onConfirm={(values) => {
        const executors = Number(values.get("executors"));
        return post<Submitted>(sweepPath(sweep.name, "/resume"), executors > 0 ? { executors } : {});
      }}
    >
      <p>
        The sweep lacks {countNoun(sweep.counts.remaining, "parameter")}: workers compute what is missing, and nothing
        twice.
      </p>
      <label class="field">
        <span class="field-label">Executors to divide them for at first</span>
        <input name="executors" type="number" min="1" placeholder="1, and more by itself" />
      </label>
    </ConfirmDialog>
  );
}
