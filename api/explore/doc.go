// Package explore answers questions about rows: which columns, what to count, grouped by what, in which order.
//
// [Parse] reads the fields, the query and the sort as Sentry's events endpoint takes them; [Query.Table] and
// [Query.Series] go over rows once. A row is asked for its cells by name, so that errors, spans and logs are the
// same to it. Nothing here reads a database: the caller bounds how many rows there are.
package explore
