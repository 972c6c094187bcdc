interface Watched {
  label: string;
  options: [aggregate: string, label: string, words: string][];
}

/** The numbers that can be watched, by what they are of. */
export const numbers: Record<string, Watched> = {
  events: { label: "Errors", options: [["count()", "how many", "the number of errors"], ["count_unique(user)", "how many users", "the number of users with errors"]] },
  transactions: {
    label: "Transactions",
    options: [
      ["count()", "how many", "the number of transactions"],
      ["p50(transaction.duration)", "median, ms", "the median duration in ms"],
      ["p75(transaction.duration)", "75th percentile, ms", "the 75th percentile of durations in ms"],
      ["p95(transaction.duration)", "95th percentile, ms", "the 95th percentile of durations in ms"],
      ["p99(transaction.duration)", "99th percentile, ms", "the 99th percentile of durations in ms"],
      ["avg(transaction.duration)", "average, ms", "the average duration in ms"],
    ],
  },
  logs: { label: "Logs", options: [["count()", "how many", "the number of logs"]] },
  sessions: { label: "Sessions", options: [["crash_free_rate(session)", "crash-free, percent", "the percentage of crash-free sessions"]] },
};

/** A number as the subject of a sentence. */
export function numberWords(dataset: string, aggregate: string): string {
  return numbers[dataset]?.options.find(([a]) => a === aggregate)?.[2] ?? `${aggregate} of ${dataset}`;
}
