package api

// ChunkOptions says how to upload files in pieces.
type ChunkOptions struct {
	URL              string   `json:"url"`
	ChunkSize        int64    `json:"chunkSize" doc:"Bytes; a power of two."`
	ChunksPerRequest int      `json:"chunksPerRequest"`
	MaxFileSize      int64    `json:"maxFileSize" doc:"Bytes of an assembled file."`
	MaxRequestSize   int64    `json:"maxRequestSize" doc:"Bytes."`
	Concurrency      int      `json:"concurrency"`
	HashAlgorithm    string   `json:"hashAlgorithm"`
	Compression      []string `json:"compression"`
	Accept           []string `json:"accept" doc:"What can be uploaded."`
	MaxWait          int      `json:"maxWait" doc:"Seconds that a client waits for a file to be put together."`
}

// AssembleInput asks for a bundle of sources to be put together from chunks.
type AssembleInput struct {
	OrgPath
	Body struct {
		_        struct{} `json:"-" additionalProperties:"true"`
		Checksum string   `json:"checksum" doc:"SHA-1 of the whole file, hex."`
		Chunks   []string `json:"chunks" doc:"SHA-1 of each piece, in order."`
		Projects []string `json:"projects,omitempty" doc:"Slugs or ids."`
		Version  string   `json:"version,omitempty"`
		Dist     string   `json:"dist,omitempty"`
	}
}

// ReleaseAssembleInput asks the same for a release's bundle, the old form.
type ReleaseAssembleInput struct {
	AssembleInput
	Version string `path:"version"`
}

// AssembleState says how putting a file together stands.
type AssembleState struct {
	State         string   `json:"state" enum:"not_found,created,assembling,ok,error"`
	MissingChunks []string `json:"missingChunks"`
	Detail        *string  `json:"detail"`
}

// DifAssembleRequest is one debug file to put together.
type DifAssembleRequest struct {
	_       struct{} `json:"-" additionalProperties:"true"`
	Name    string   `json:"name,omitempty"`
	DebugID *string  `json:"debug_id,omitempty"`
	Chunks  []string `json:"chunks"`
}

// DifAssembleInput asks for debug files to be put together, by the SHA-1 of each.
type DifAssembleInput struct {
	ProjectPath
	Body map[string]DifAssembleRequest
}

// DifAssembleState says how putting a debug file together stands.
type DifAssembleState struct {
	AssembleState
	Dif *DebugFile `json:"dif,omitempty"`
}

// DebugFileData says what is in a debug file.
type DebugFileData struct {
	Type     string   `json:"type"`
	Features []string `json:"features"`
}
