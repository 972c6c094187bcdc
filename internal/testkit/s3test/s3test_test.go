package s3test_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hindsight-dev/hindsight/internal/testkit/s3test"
)

func TestURLIsABucketOfItsOwn(t *testing.T) {
	first, second := s3test.URL(t), s3test.URL(t)
	if first == second {
		t.Fatalf("both are %s", first)
	}
	u, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := u.User.Password()
	c, err := minio.New(u.Host, &minio.Options{Creds: credentials.NewStaticV4(u.User.Username(), secret, "")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutObject(t.Context(), strings.TrimPrefix(u.Path, "/"), "a/b", strings.NewReader("c"), 1, minio.PutObjectOptions{}); err != nil {
		t.Error(err)
	}
}

func TestServerLeavesTheWorkingDirectory(t *testing.T) {
	s3test.URL(t)
	if _, err := os.Stat("s3test.go"); err != nil { // a test starts in its package's folder
		t.Error(err)
	}
}
