import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// Text from envelopes and recordings is hostile: it reaches the page as text, never as markup.
const noMarkup = [
  { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Render text, not markup." },
  { selector: "Property[key.name='dangerouslySetInnerHTML']", message: "Render text, not markup." },
  {
    selector: "AssignmentExpression[left.type='MemberExpression'][left.property.name=/^(innerHTML|outerHTML|srcdoc)$/]",
    message: "Render text, not markup.",
  },
  { selector: "CallExpression[callee.property.name=/^(insertAdjacentHTML|setHTMLUnsafe|createContextualFragment)$/]", message: "Render text, not markup." },
  { selector: "CallExpression[callee.object.name='document'][callee.property.name=/^write(ln)?$/]", message: "Render text, not markup." },
  { selector: "JSXAttribute[name.name='srcDoc']", message: "Render text, not markup." },
  { selector: "Property[key.name='UNSAFE_replayCanvas']", message: "It lets a recording run scripts." },
];

export default tseslint.config(
  { ignores: ["dist", "coverage", "src/api/gen", "node_modules"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  jsxA11y.flatConfigs.recommended,
  reactHooks.configs.flat.recommended,
  {
    // Runs before everything else, in browsers of any age.
    files: ["public/theme.js"],
    languageOptions: { sourceType: "script", globals: { window: "readonly", document: "readonly", localStorage: "readonly" } },
    rules: { "@typescript-eslint/no-unused-vars": ["error", { caughtErrors: "none" }] },
  },
  {
    files: ["**/*.{ts,tsx}"],
    rules: {
      "no-restricted-syntax": ["error", ...noMarkup],
      "no-restricted-globals": ["error", { name: "fetch", message: "Ask through the generated client." }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
);
