package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Debug files that come zipped in one request, as old clients send them, are answered with what was in the ZIP, and an event that
// comes then shows functions and lines.
func TestDebugFilesInOneRequest(t *testing.T) {
	s := serveForTest(t, t.TempDir())
	dsn := s.command(t, "project", "create", "shop", "--platform", "native")
	token := s.command(t, "token", "create", "--scopes", "org:ci,project:read,event:read")
	program, err := os.ReadFile(filepath.Join("..", "..", "linker", "symbolicate", "native", "testdata", "shop-linux-x86_64"))
	if err != nil {
		t.Fatal(err)
	}
	files := s.zipped(t, token, http.StatusCreated, map[string]string{"usr/bin/shop": string(program), "README": "no debug file"})
	const debugID = "56951bc0-40bf-ad61-ee04-48b72a9bd305"
	if len(files) != 1 || files[0].DebugID != debugID || files[0].ObjectName != "shop" || files[0].CPUName != "x86_64" || len(files[0].SHA1) != 40 {
		t.Fatalf("%+v", files)
	}
	if again := s.zipped(t, token, http.StatusCreated, map[string]string{"usr/bin/shop": string(program), "README": "no debug file"}); len(again) != 1 || again[0] != files[0] {
		t.Errorf("sent again: %+v", again)
	}
	s.zipped(t, token, http.StatusBadRequest, map[string]string{"README": "no debug file"})

	const id = "aaaa0000aaaa4000aaaa0000aaaa0001"
	event := `{"event_id":"` + id + `","platform":"native","debug_meta":{"images":[{"type":"elf","code_file":"/usr/bin/shop","debug_id":"` + debugID + `","image_addr":"0x10000000","image_size":8192}]},` +
		`"exception":{"values":[{"type":"SIGILL","value":"illegal","stacktrace":{"frames":[{"instruction_addr":"0x1000101d"},{"instruction_addr":"0x10001005"}]}}]}}`
	if code := sendEnvelope(t, dsn, `{"event_id":"`+id+`"}`+"\n"+`{"type":"event"}`+"\n"+event); code != http.StatusOK {
		t.Fatalf("the event was answered %d", code)
	}
	eventually(t, 20*time.Second, "the event shows its functions", func() bool {
		code, body := get(t, s.url+"/api/0/projects/main/shop/events/"+id+"/", token)
		return code == http.StatusOK && strings.Contains(body, `"function":"charge"`) && strings.Contains(body, `"function":"pay"`) && strings.Contains(body, `"lineNo":10`)
	})
}

type debugFile struct{ DebugID, ObjectName, CPUName, SHA1 string }

// zipped sends files in a ZIP and gives what is said to be in it.
func (s *instance) zipped(t *testing.T, token string, want int, files map[string]string) (found []debugFile) {
	t.Helper()
	var archive, body bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, text := range files {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m := multipart.NewWriter(&body)
	f, err := m.CreateFormFile("file", "symbols.zip")
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if _, err := archive.WriteTo(f); err != nil || m.Close() != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/0/projects/main/shop/files/dsyms/", &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", m.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		t.Fatalf("%s %v: %s", res.Status, err, said)
	}
	if want == http.StatusCreated {
		if err := json.Unmarshal(said, &found); err != nil {
			t.Fatal(err)
		}
	}
	return found
}
