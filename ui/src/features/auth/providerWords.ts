/** What went wrong when the provider sends somebody back without a code; nothing when it sent one. */
export function providerWords(code: string | undefined, state: string | undefined, error: string | undefined, description: string | undefined): string | null {
  if (error === "access_denied") return "You did not sign in at your company’s page, or it does not let you in here.";
  if (error === "temporarily_unavailable" || error === "server_error") return "Your company’s sign-in page has a problem of its own. Try again in a minute.";
  if (error) return `Your company’s sign-in page said no: ${(description || error).slice(0, 200)}`;
  if (!code || !state) return "This address is for coming back from your company’s sign-in page. Begin again.";
  return null;
}
