// Command tunnel is a web app that carries its browsers' error reports itself: blockers see only
// its own site. SENTRY_DSN is of a project of Hindsight's or Sentry's; the SDK has the same, and the
// option tunnel "/errors". What is sent is scrubbed here, and kept on disk until the server has it.
package main
