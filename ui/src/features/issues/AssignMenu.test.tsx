import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { client } from "@/api/gen/client.gen";
import { AssignMenu } from "./AssignMenu";

// An organization of 200 members and 60 teams, which gives 10 at a time and finds by a part of a name.
const members = Array.from({ length: 200 }, (_, n) => ({ id: String(n + 1), user: { id: String(n + 1), name: `Person ${n + 1}`, email: `p${n + 1}@example.com` } }));
const teams = Array.from({ length: 60 }, (_, n) => ({ id: String(n + 1), slug: `team-${n + 1}`, name: `team-${n + 1}` }));

beforeEach(() => {
  client.setConfig({ baseUrl: "http://h" });
  vi.stubGlobal("fetch", (request: Request) => {
    const url = new URL(request.url);
    const query = (url.searchParams.get("query") ?? "").toLowerCase();
    const body = url.pathname.endsWith("/auth/")
      ? { id: "1", name: "Person 1", email: "p1@example.com" }
      : url.pathname.endsWith("/members/")
        ? members.filter((m) => m.user.name.toLowerCase().includes(query)).slice(0, 10)
        : teams.filter((t) => t.slug.includes(query)).slice(0, 10);
    return Promise.resolve(new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } }));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  client.setConfig({ baseUrl: "" });
});

const patient = { timeout: 10_000 }; // where much runs at once

const open = async () => {
  const set = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <AssignMenu org="main" to={null} set={set} trigger={<button type="button">Assign</button>} />
    </QueryClientProvider>,
  );
  await userEvent.click(screen.getByText("Assign"));
  await screen.findByText("Me", undefined, patient);
  return set;
};

const find = async (text: string) => {
  await userEvent.click(screen.getByLabelText("Find a member or a team"));
  await userEvent.paste(text);
};

it("finds whom it does not show, by what is typed, and gives them the issue with Enter", async () => {
  const set = await open();
  await screen.findByText("Person 10", undefined, patient);
  expect(screen.queryByText("Person 187")).toBeNull();
  await find("person 187");
  await screen.findByText("Person 187", undefined, patient);
  await userEvent.keyboard("{Enter}");
  expect(set).toHaveBeenCalledWith({ assignedTo: "user:187" });
});

it("finds teams too", async () => {
  const set = await open();
  await find("team-57");
  await userEvent.click(await screen.findByText("#team-57", undefined, patient));
  expect(set).toHaveBeenCalledWith({ assignedTo: "team:57" });
});

it("says when nobody is called so", async () => {
  await open();
  await find("zzz");
  expect(await screen.findByText(/Nobody here is called “zzz”/, undefined, patient)).toBeTruthy();
});
