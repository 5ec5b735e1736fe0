import type { Provider } from "../../providers/contract/provider";
import { civilDay } from "../domain/days";
import type { Answer } from "./answer";
import type { CallLog } from "./calls";
import type { Faults } from "./faults";
import { escapeHtml, page } from "./html";
import type { People } from "./people";

/** What the overview shows. */
export interface Overview {
  readonly provider: Provider;
  readonly people: People;
  readonly calls: CallLog;
  readonly faults: Faults;
}

/** The page for people: what the simulator serves, who is there, what was asked, what goes wrong on purpose. */
export function overviewPage({ provider, people, calls, faults }: Overview): Answer {
  const day = civilDay("2026-01-01");
  const endpoints = provider.endpoints.map((endpoint) => {
    const { method, path } = endpoint.request({ start: day, end: day }, null);
    return [endpoint.name, `${method} ${path}`];
  });
  const persons = people.names().map((name) => {
    const { firstDay, lastDay, vendorUserId } = people.person(name);
    return [name, vendorUserId, `${firstDay} to ${lastDay}`];
  });
  const content = `<p>This stands in for ${escapeHtml(provider.displayName)}'s cloud. All of its people and data are made up.</p>
<h2>People</h2>
${persons.length === 0 ? "<p>Nobody has signed in yet.</p>" : table(["Name", "Id at the vendor", "Days with data"], persons)}
<form method="post" action="/__simulator/new-night">
<label for="user">Name</label>
<input type="text" id="user" name="user" value="${escapeHtml(people.names()[0] ?? "demo")}" maxlength="64" autocomplete="off">
<button>New night</button>
</form>
<h2>Calls</h2>
${table(
  ["Kind", "Count"],
  Object.entries(calls.counts()).map(([kind, count]) => [kind, String(count)]),
)}
<h2>Endpoints</h2>
${table(["Name", "Request"], endpoints)}
<h2>Faults in force</h2>
${faultTable(faults)}`;
  return page(200, `${provider.displayName} (simulated)`, content);
}

function faultTable(faults: Faults): string {
  const rows = faults.list().map(({ id, fault, met }) => [String(id), JSON.stringify(fault), String(met)]);
  return rows.length === 0 ? "<p>None.</p>" : table(["Id", "Fault", "Calls met"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const header = head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((text) => `<td>${escapeHtml(text)}</td>`).join("")}</tr>`).join("\n");
  return `<table>\n<thead><tr>${header}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}
