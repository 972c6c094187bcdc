import { useQuery } from "@tanstack/react-query";
import { getOrganizationOptions } from "@/api/gen/@tanstack/react-query.gen";
import { useOrg } from "@/app/hooks";
import { Failed, SkeletonLines } from "@/components/states";
import { Account } from "./Account";
import { Members } from "./Members";
import { SettingsFrame } from "./SettingsFrame";
import { Teams } from "./Teams";
import { Tokens } from "./Tokens";

/** Who may do what: oneself, members, teams and tokens. */
export function Access() {
  const org = useOrg();
  const organization = useQuery(getOrganizationOptions({ path: { org } }));
  if (organization.isError) return <Failed what="the organisation" error={organization.error} retry={() => void organization.refetch()} />;
  return (
    <SettingsFrame title="Members and tokens">
      {organization.data ? (
        <>
          <Account role={organization.data.role} />
          <Members organization={organization.data} />
          <Teams organization={organization.data} />
          <Tokens organization={organization.data} />
        </>
      ) : (
        <SkeletonLines lines={8} label="Loading members" />
      )}
    </SettingsFrame>
  );
}
