import type { FrameMapping } from "@/api/gen";

/** Why a frame shows what the machine ran and not what people wrote, and what to do about it. */
export interface Unmapped {
  why: string;
  fix: string;
}

const reasons: Record<string, Unmapped> = {
  no_debug_id: { why: "The event names neither a debug id for this file nor a release.", fix: "Build with Sentry’s plugin for your bundler, or run sentry-cli sourcemaps inject before you deploy." },
  debug_id_unknown: { why: "Nothing was uploaded with this file’s debug id.", fix: "Upload this very build: sentry-cli sourcemaps upload. Events that came before are mapped when it arrives." },
  map_not_uploaded: { why: "The file was uploaded, its source map was not.", fix: "Turn source maps on in the bundler (hidden is enough) and upload again." },
  file_not_uploaded: { why: "The release has no uploaded file of this URL.", fix: "Upload the build for this release, or check the URL prefix (~/) it was uploaded with." },
  wrong_dist: { why: "It was uploaded for another dist.", fix: "Give the SDK and the upload the same dist, or none." },
  no_map_reference: { why: "The uploaded file does not say where its source map is.", fix: "Keep the sourceMappingURL comment in the files you upload, or use debug ids." },
  referred_map_gone: { why: "The uploaded file refers to a map that was not uploaded.", fix: "Upload the map beside its file." },
  map_invalid: { why: "The uploaded source map cannot be used.", fix: "Build and upload it again." },
  no_column: { why: "The frame has no column, and minified code is one line.", fix: "Nothing to do: the browser did not say." },
  out_of_range: { why: "The map has nothing at this place.", fix: "The map is of another build than the file: upload both from one build." },
  artifact_not_read: { why: "What was uploaded could not be read just then.", fix: "It is tried again by itself." },
  image_unknown: { why: "The address lies in no image of the event.", fix: "Nothing to do: it is code that was made at run time, or a damaged stack." },
  debug_file_absent: { why: "No debug file of this image was uploaded.", fix: "Upload it: sentry-cli debug-files upload. Events that came before are mapped when it arrives." },
  symbol_absent: { why: "The debug file has nothing at this address.", fix: "Check that it is the file of this very build, with its symbols." },
  format_unsupported: { why: "The debug file is of a kind that is kept and not read.", fix: "Upload ELF, Mach-O or Breakpad symbols." },
  mapping_absent: { why: "No ProGuard mapping of this build was uploaded.", fix: "Upload it: sentry-cli upload-proguard, or Sentry’s Gradle plugin." },
};

/** Undefined for a frame that is mapped, or that nobody wanted to map. */
export function unmapped(mapping: FrameMapping | undefined): Unmapped | undefined {
  if (!mapping?.reason) return undefined;
  return reasons[mapping.reason] ?? { why: "The frame could not be mapped to its source.", fix: "" };
}
