// What replays are searched by (api/search/replay_fields.go), in the order people need it.

export interface SearchField {
  /** What is put into the search box. */
  insert: string;
  what: string;
}

export const searchFields: { group: string; fields: SearchField[] }[] = [
  {
    group: "What went wrong",
    fields: [
      { insert: "has_backend_error:true", what: "a server failed" },
      { insert: "backend_error:", what: "a server’s issue: SHOP-4 or words of its title" },
      { insert: "chapter.status:[error,failed]", what: "a request failed after an action" },
      { insert: "count_errors:>0", what: "errors of both sides" },
      { insert: "count_rage_clicks:>0", what: "clicked again and again" },
      { insert: "count_dead_clicks:>0", what: "clicked, and nothing happened" },
    ],
  },
  {
    group: "Who, where",
    fields: [
      { insert: "user.email:", what: "also user.id, user.username, user.ip" },
      { insert: "url:*/checkout*", what: "a page that was visited" },
      { insert: "trigger_route:", what: "the route of a page: /orders/:id" },
      { insert: "browser.name:", what: "also os.name, device.family, release, environment" },
    ],
  },
  {
    group: "What was done and seen",
    fields: [
      { insert: 'text:"Out of stock"', what: "words that were on screen" },
      { insert: "chapter.label:", what: "words of a chapter: Pay" },
      { insert: "click.selector:", what: "also dead.selector, rage.selector" },
      { insert: "duration:>1m", what: "how long it lasted" },
      { insert: "link_tier:1", what: "how sure a link to an error is, 1 to 5" },
    ],
  },
];

/** The search with a field added at its end. */
export const addField = (query: string, field: string): string => (query.trim() === "" ? field : `${query.trim()} ${field}`);

/** The fields that fit the word being typed; all of them before a word begins. */
export function fieldsFor(query: string): typeof searchFields {
  const word = /(\S*)$/.exec(query)?.[1]?.toLowerCase() ?? "";
  if (word === "" || word.includes(":")) return searchFields;
  return searchFields.map((g) => ({ ...g, fields: g.fields.filter((f) => f.insert.toLowerCase().includes(word) || f.what.toLowerCase().includes(word)) })).filter((g) => g.fields.length > 0);
}

/** The search with the word being typed replaced by a field. */
export const takeField = (query: string, field: string): string => {
  const word = /(\S*)$/.exec(query)?.[1] ?? "";
  return word.includes(":") ? addField(query, field) : addField(query.slice(0, query.length - word.length), field);
};
