import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { errorMessage } from "@/api/client";
import type { ProjectOwnership } from "@/api/gen";
import { convertCodeownersMutation, getOwnershipOptions, updateOwnershipMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Section, Segmented } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { ago } from "@/lib/format";
import { useNow } from "@/lib/now";
import { assignments } from "./assignment";
import { ProjectFrame, useSaved, type ProjectPath as Path } from "./ProjectFrame";

/** Whose a project's errors are: rules, or a CODEOWNERS file that makes them. */
export function Ownership() {
  const org = useOrg();
  const { project } = useParams({ from: "/organizations/$org/settings/projects/$project/ownership" });
  const path = { org, project };
  const saved = useSaved(getOwnershipOptions({ path }));
  return (
    <ProjectFrame path={path} title={`Ownership of ${project}`} what="this project’s ownership rules" saved={saved}>
      {(data) => <Rules key={data.raw ?? ""} path={path} saved={data} />}
    </ProjectFrame>
  );
}

const help = `# one rule a line: what it is about, then who; the last that matches counts
path:src/checkout/*     #payments ann@example.com
module:com.example.*    #backend
url:https://*/pay*      #payments
tags.plan:trial         #growth`;

function Rules({ path, saved }: { path: Path; saved: ProjectOwnership }) {
  const now = useNow();
  const queries = useQueryClient();
  const [raw, setRaw] = useState(saved.raw ?? "");
  const [assign, setAssign] = useState(saved.autoAssignment);
  const save = useMutation({ ...updateOwnershipMutation(), onSuccess: () => queries.invalidateQueries({ queryKey: getOwnershipOptions({ path }).queryKey }) });
  const changed = raw !== (saved.raw ?? "") || assign !== saved.autoAssignment;
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        save.mutate({ path, body: { raw, autoAssignment: assign } });
      }}
    >
      <Section id="owners" title="Rules" sub={saved.lastUpdated ? `changed ${ago(saved.lastUpdated, now)}` : "teams by #slug, people by their address"}>
        <textarea className="inp area-t code" rows={12} spellCheck={false} aria-label="Ownership rules" placeholder={help} value={raw} onChange={(e) => setRaw(e.target.value)} />
      </Section>
      <Codeowners path={path} onRules={(more) => setRaw((r) => (r.trim() ? `${r.trimEnd()}\n${more}` : more))} />
      <Section id="assign" title="New issues" sub="what a person changes later stays">
        <Segmented
          label="Assign new issues"
          value={assign}
          options={assignments}
          onChange={setAssign}
        />
        <p className="small t3 assign-n">{assignments.find((a) => a.value === assign)?.note}</p>
      </Section>
      <div className="save">
        <button type="submit" className="btn pri tall" disabled={!changed || save.isPending}>
          {save.isPending ? "Saving…" : "Save the rules"}
        </button>
        {changed ? (
          <button
            type="button"
            className="btn bare tall"
            onClick={() => {
              setRaw(saved.raw ?? "");
              setAssign(saved.autoAssignment);
            }}
          >
            Undo the changes
          </button>
        ) : null}
        {save.isError ? (
          <p className="note red" role="alert">
            <Icon name="error" size="s" />
            {errorMessage(save.error)}
          </p>
        ) : null}
      </div>
    </form>
  );
}

/** A CODEOWNERS file becomes rules, which are added above: nothing is saved yet. */
function Codeowners({ path, onRules }: { path: Path; onRules: (rules: string) => void }) {
  const [file, setFile] = useState("");
  const convert = useMutation({
    ...convertCodeownersMutation(),
    onSuccess: (made) => {
      if (!made.raw) return;
      onRules(made.raw);
      setFile("");
    },
  });
  return (
    <Section id="codeowners" title="From CODEOWNERS" sub="paste the file; @org/team becomes the team of that slug">
      <textarea className="inp area-t code" rows={4} spellCheck={false} aria-label="A CODEOWNERS file" placeholder={"/src/checkout/  @acme/payments\n*.go            ann@example.com"} value={file} onChange={(e) => setFile(e.target.value)} />
      <div className="row convert">
        <button type="button" className="btn" disabled={!file.trim() || convert.isPending} onClick={() => convert.mutate({ path, body: { raw: file } })}>
          Add its rules
        </button>
        {convert.isError ? (
          <span className="small red" role="alert">
            {errorMessage(convert.error)}
          </span>
        ) : convert.data ? (
          <span className="small t3" role="status">
            {convert.data.raw ? "Added to the rules above; save them to keep them." : "No rule could be made of it."}
            {convert.data.unknown.length > 0 ? ` Left out, as nobody knows whose they are: ${convert.data.unknown.slice(0, 8).join(", ")}${convert.data.unknown.length > 8 ? ", …" : ""}.` : ""}
          </span>
        ) : null}
      </div>
    </Section>
  );
}
