import { Icon } from "@/components/Icon";
import { formOf, type Part, type PartForm } from "./parts";

/** One condition or filter as a sentence with inputs in it. */
export function PartRow({ part, forms, lead, onChange }: { part: Part; forms: PartForm[]; lead: string; onChange: (part: Part | null) => void }) {
  const form = formOf(forms, part.id);
  const set = (key: string, value: unknown) => onChange({ ...part, [key]: value });
  return (
    <div className="al-part">
      <span>{lead}</span>
      {form ? (
        form.inputs.map((input, i) => {
          switch (input.kind) {
            case "words":
              return (
                <span key={i} className="t1">
                  {input.text}
                </span>
              );
            case "number":
              return <input key={i} className="inp n num" type="number" required min={input.min} max={1_000_000} aria-label={form.label} value={String(part[input.key] ?? "")} onChange={(e) => set(input.key, e.target.value === "" ? "" : Number(e.target.value))} />;
            case "text":
              return part.match === "is" || part.match === "ns" ? (input.key === "value" ? null : <input key={i} className="inp w" required aria-label={input.key} placeholder={input.placeholder} value={String(part[input.key] ?? "")} onChange={(e) => set(input.key, e.target.value)} />) : <input key={i} className="inp w" required maxLength={1000} aria-label={input.key} placeholder={input.placeholder} value={String(part[input.key] ?? "")} onChange={(e) => set(input.key, e.target.value)} />;
            case "choice":
              return (
                <select key={i} className="inp" aria-label={input.key} value={String(part[input.key] ?? "")} onChange={(e) => set(input.key, e.target.value)}>
                  {input.options.map(([value, label]) => (
                    <option key={value} value={value}>
                      {label}
                    </option>
                  ))}
                </select>
              );
          }
        })
      ) : (
        <span className="t1">{String(part.name ?? part.id)}</span>
      )}
      <span className="sp" />
      <button type="button" className="btn ico bare" aria-label={`Remove: ${form?.label ?? part.id}`} onClick={() => onChange(null)}>
        <Icon name="x" size="s" />
      </button>
    </div>
  );
}
