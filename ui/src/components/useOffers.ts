import { useQuery } from "@tanstack/react-query";
import { listTags, listTagValues } from "@/api/gen";
import { listTagsQueryKey, listTagValuesQueryKey } from "@/api/gen/@tanstack/react-query.gen";
import { count } from "@/lib/format";
import { fieldOf, fieldsLike, lastWord, quoteValue, valuesLike, type Suggestion } from "./searchSuggest";

const KEEP_MS = 60_000;
const MOST_VALUES = 12;

/** What a list is searched by: its own fields, and their values where they are known beforehand. */
export interface SearchFields {
  fields: Suggestion[];
  values: Record<string, Suggestion[]>;
}

/** The fields that fit the word being typed, or the values of its field; tags and their values come from the server. */
export function useOffers(org: string, text: string, known: SearchFields, project: string | undefined, open: boolean): Suggestion[] {
  const word = lastWord(text);
  const field = fieldOf(word);
  const own = field ? known.values[field.key] : undefined;
  const of = project ? { project: [project] } : {};
  const keyOptions = { path: { org }, query: { per_page: 100, ...of } };
  const keys = useQuery({
    queryKey: listTagsQueryKey(keyOptions),
    queryFn: async ({ signal }) => (await listTags({ ...keyOptions, signal, throwOnError: true })).data,
    enabled: open && !field,
    staleTime: KEEP_MS,
  });
  const valueOptions = { path: { org, tag: field?.key ?? "" }, query: { per_page: MOST_VALUES, ...(field?.value ? { query: field.value.replace(/"$/, "") } : {}), ...of } };
  const values = useQuery({
    queryKey: listTagValuesQueryKey(valueOptions),
    queryFn: async ({ signal }) => (await listTagValues({ ...valueOptions, signal, throwOnError: true })).data,
    enabled: open && field !== null && own === undefined,
    staleTime: KEEP_MS,
    retry: false,
  });
  if (!field) {
    const fixed = new Set(known.fields.map((f) => f.insert));
    const tags = (keys.data ?? []).map((k) => ({ insert: `${k.key}:`, what: `tag of ${count(k.totalValues)} events` })).filter((f) => !fixed.has(f.insert));
    return fieldsLike([...known.fields, ...tags], word);
  }
  if (own) return valuesLike(own, field);
  return (values.data ?? []).map((v) => ({ insert: field.prefix + field.op + quoteValue(v.value), what: `${count(v.count)} events` })).filter((v) => v.insert !== word);
}
