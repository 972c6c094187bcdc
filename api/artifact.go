package api

import "time"

// ArtifactAssociation is what a bundle is for.
type ArtifactAssociation struct {
	Release *string `json:"release"`
	Dist    *string `json:"dist"`
}

// ArtifactBundle is an uploaded archive of sources and source maps, or a single file of a release.
type ArtifactBundle struct {
	ID           string                `json:"id"`
	BundleID     string                `json:"bundleId"`
	Kind         string                `json:"kind" enum:"bundle,file"`
	Associations []ArtifactAssociation `json:"associations"`
	Date         time.Time             `json:"date"`
	DateModified time.Time             `json:"dateModified"`
	FileCount    int64                 `json:"fileCount"`
	Size         int64                 `json:"size" doc:"Bytes kept."`
}

// ArtifactFile is a file of a bundle.
type ArtifactFile struct {
	ID        string  `json:"id"`
	FilePath  string  `json:"filePath"`
	FileType  string  `json:"fileType"`
	FileSize  int64   `json:"fileSize"`
	DebugID   *string `json:"debugId"`
	SourceMap *string `json:"sourcemap"`
}

// ArtifactArchive is the uploads of a release, as the old list has it.
type ArtifactArchive struct {
	Type      string    `json:"type"`
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Date      time.Time `json:"date"`
	FileCount int64     `json:"fileCount"`
}

// BundlesInput lists a project's bundles.
type BundlesInput struct {
	ProjectPath
	PageParams
	Release string `query:"release" doc:"Only those of this release."`
}

// ArchivesInput lists or deletes a project's uploads by release.
type ArchivesInput struct {
	ProjectPath
	PageParams
	Name string `query:"name" doc:"A release or a bundle id."`
}

// OrgArchivesInput deletes the uploads of a release from all projects.
type OrgArchivesInput struct {
	OrgPath
	Name string `query:"name" doc:"A release or a bundle id."`
}

// BundleInput names a bundle of a project.
type BundleInput struct {
	ProjectPath
	PageParams
	Bundle string `path:"bundle"`
}

// ReleaseFile is a file that was uploaded for a release.
type ReleaseFile struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Dist        *string           `json:"dist"`
	Headers     map[string]string `json:"headers"`
	Size        int64             `json:"size"`
	SHA1        string            `json:"sha1"`
	DateCreated *time.Time        `json:"dateCreated"`
}

// ReleaseFilesInput lists the files of a release of a project.
type ReleaseFilesInput struct {
	ProjectPath
	PageParams
	Version string `path:"version"`
}

// OrgReleaseFilesInput lists the files of a release.
type OrgReleaseFilesInput struct {
	OrgPath
	PageParams
	Version string `path:"version"`
}

// ReleaseFileInput names a file of a release of a project.
type ReleaseFileInput struct {
	ProjectPath
	Version string `path:"version"`
	File    string `path:"file"`
}

// OrgReleaseFileInput names a file of a release.
type OrgReleaseFileInput struct {
	OrgPath
	Version string `path:"version"`
	File    string `path:"file"`
}

// LookupInput asks which uploads could explain a frame.
type LookupInput struct {
	ProjectPath
	DebugID string `query:"debug_id"`
	URL     string `query:"url"`
	Release string `query:"release"`
	Dist    string `query:"dist"`
}

// LookupResult is an upload that could explain a frame.
type LookupResult struct {
	ID           string            `json:"id"`
	Type         string            `json:"type" enum:"bundle,file"`
	URL          string            `json:"url"`
	ResolvedWith string            `json:"resolved_with" enum:"debug-id,release"`
	AbsPath      *string           `json:"abs_path,omitempty"`
	Headers      map[string]string `json:"headers,omitempty"`
}
