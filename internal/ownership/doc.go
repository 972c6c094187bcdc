// Package ownership reads who owns which part of a program, and says whose an event is. Pure.
//
// Rules are in Sentry's syntax, one a line: a matcher, then the owners, each #a-team's-slug or a person's e-mail
// address.
//
//	path:src/checkout/*      #payments ann@example.com
//	module:com.example.*     #backend
//	url:https://*/checkout*  #payments
//	tags.sku_class:trial     #growth
//	codeowners:/docs/        #writers
//
// In patterns * is any text, ? a character, and case does not count; a pattern with spaces stands in double
// quotes. path is tried on the names and absolute paths of all frames, module on theirs, url on the request's,
// and codeowners (of a CODEOWNERS file, see [FromCodeowners]) on paths with that file's meaning. Lines that
// start with # and a space, and empty ones, say nothing.
//
// Of the rules that match, the last one counts. A pattern costs at most its length times the text's.
package ownership
