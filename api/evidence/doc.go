// Package evidence makes one HTML file of an error and the piece of its recording: what a person who has no
// account here gets to see, by mail or in a ticket.
//
// The file is whole: its script and its data are in it, its policy lets it run that one script and load
// nothing. Of the error it holds what a reader needs and no more: no headers, cookies, bodies, variables
// nor the user. The recording is the stored one, masked by the recorder and scrubbed at the edge, and
// sanitised once more.
//
// The package is pure: the caller reads events and recordings, and says what time it is.
package evidence
