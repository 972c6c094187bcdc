package groupingtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Sample is an event of the corpus.
type Sample struct {
	Name    string          `json:"name"`
	Issue   string          `json:"issue"` // within its project
	Event   json.RawMessage `json:"event"`
	Project string          // the file's name
}

// Corpus reads the files of a directory.
func Corpus(dir string) ([]Sample, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no corpus in %s: %w", dir, err)
	}
	var all []Sample
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, err := read(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for i := range some {
			some[i].Project = strings.TrimSuffix(filepath.Base(file), ".json")
			if some[i].Name == "" {
				some[i].Name = fmt.Sprintf("%s-%02d", some[i].Project, i+1)
			}
		}
		all = append(all, some...)
	}
	return all, nil
}

func read(b []byte) (some []Sample, err error) {
	if b[0] == '[' {
		return some, json.Unmarshal(b, &some)
	}
	var file struct {
		Bases  map[string]json.RawMessage
		Events []struct {
			Issue, Base string
			Set         map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, err
	}
	for i, e := range file.Events {
		base, ok := file.Bases[e.Base]
		if !ok {
			return nil, fmt.Errorf("event %d has no base %q", i+1, e.Base)
		}
		var event any
		if err := json.Unmarshal(base, &event); err != nil {
			return nil, err
		}
		for path, value := range e.Set {
			var v any
			if err := json.Unmarshal(value, &v); err != nil {
				return nil, err
			}
			if err := set(event, strings.Split(path, "."), v); err != nil {
				return nil, fmt.Errorf("event %d, %s: %w", i+1, path, err)
			}
		}
		s := Sample{Issue: e.Issue}
		if s.Event, err = json.Marshal(event); err != nil {
			return nil, err
		}
		some = append(some, s)
	}
	return some, nil
}

// set changes one value of a document.
func set(at any, path []string, v any) error {
	switch x := at.(type) {
	case map[string]any:
		if len(path) == 1 {
			x[path[0]] = v
			return nil
		}
		return set(x[path[0]], path[1:], v)
	case []any:
		n, err := strconv.Atoi(path[0])
		if err != nil || n < 0 || n >= len(x) {
			return fmt.Errorf("no element %s", path[0])
		}
		if len(path) == 1 {
			x[n] = v
			return nil
		}
		return set(x[n], path[1:], v)
	}
	return fmt.Errorf("nothing at %s", path[0])
}
