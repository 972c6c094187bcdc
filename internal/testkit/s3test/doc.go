// Package s3test gives tests buckets on a real S3 server: the one of TEST_S3_URL, else versitygw
// in a process beside the test binary. It is apart from package testkit because the server is a large thing to
// link, and most tests need none.
package s3test
