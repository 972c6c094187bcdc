import { errorMessage } from "@/api/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { createProjectMutation } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { cx, SideMark } from "@/components/basics";
import { Icon } from "@/components/Icon";
import { SettingsFrame } from "./SettingsFrame";
import { platforms } from "./snippets";

export function NewProject() {
  const org = useOrg();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [platform, setPlatform] = useState("javascript");
  const create = useMutation({
    ...createProjectMutation(),
    onSuccess: (project) => {
      void queries.invalidateQueries();
      void navigate({ to: "/organizations/$org/settings/projects/$project/", params: { org, project: project.slug } });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    create.mutate({ path: { org }, body: { name: name.trim(), platform } });
  };
  return (
    <SettingsFrame title="Create project">
      <form className="new" onSubmit={submit}>
        <label className="lbl">
          Name
          <input className="inp" required maxLength={50} value={name} onChange={(e) => setName(e.target.value)} placeholder="shop-web" />
          <small>One app or service. Its short ids begin with this name.</small>
        </label>
        <fieldset>
          <legend className="lbl">Platform</legend>
          <div className="plats">
            {platforms.map((p) => (
              <label key={p.value} className={cx("plat", platform === p.value && "on")}>
                <input type="radio" name="platform" className="vh" value={p.value} checked={platform === p.value} onChange={() => setPlatform(p.value)} />
                <SideMark side={p.side}>{p.label}</SideMark>
              </label>
            ))}
          </div>
        </fieldset>
        {create.isError ? (
          <p className="note red" role="alert">
            <Icon name="error" size="s" />
            {errorMessage(create.error)}
          </p>
        ) : null}
        <div>
          <button type="submit" className="btn pri tall" disabled={create.isPending || name.trim() === ""}>
            {create.isPending ? "Creating…" : "Create project"}
          </button>
        </div>
      </form>
    </SettingsFrame>
  );
}
