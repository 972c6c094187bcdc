import { useQuery } from "@tanstack/react-query";
import { getAuthOptions, getOrganizationOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Avatar, CopyButton, Section } from "@/components/basics";
import { SettingsFrame } from "./SettingsFrame";

const commands = {
  user: "hindsight user create ann@example.com",
  token: "hindsight token create --scopes org:read,project:read,event:read",
};

function Command({ line }: { line: string }) {
  return (
    <div className="cmd">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached by keyboard */}
      <code className="code" role="group" aria-label="Command" tabIndex={0}>
        {line}
      </code>
      <CopyButton text={line} label="Copy the command" className="pb" />
    </div>
  );
}

export function Access() {
  const org = useOrg();
  const { data: me } = useQuery(getAuthOptions());
  const { data: organization } = useQuery(getOrganizationOptions({ path: { org } }));
  return (
    <SettingsFrame title="Members and tokens">
      <Section id="me" title="You">
        {me ? (
          <div className="row small">
            <Avatar name={me.name || me.email} large />
            <span className="t1 med">{me.name || me.email}</span>
            {me.name && me.name !== me.email ? <span className="t3">{me.email}</span> : null}
            {organization ? <span className="badge">{organization.role}</span> : null}
          </div>
        ) : null}
      </Section>
      <Section id="members" title="Members" sub="people who sign in">
        <p className="small">On the server, this makes a person and prints their one-time sign-in link:</p>
        <Command line={commands.user} />
      </Section>
      <Section id="tokens" title="API tokens" sub="for sentry-cli, bundler plugins and scripts; shown once">
        <p className="small">On the server, this prints just the token:</p>
        <Command line={commands.token} />
      </Section>
    </SettingsFrame>
  );
}
