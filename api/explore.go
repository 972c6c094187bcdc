package api

import "time"

// ExploreParams choose rows.
type ExploreParams struct {
	FilterParams
	WindowParams
	Dataset string `query:"dataset" doc:"errors, transactions, spans, logs; absent: errors and transactions."`
	Query   string `query:"query"`
}

// ExploreInput asks for rows or aggregates.
type ExploreInput struct {
	OrgPath
	ExploreParams
	PageParams
	Field   []string `query:"field,explode" doc:"Columns and aggregates, at most 20."`
	Sort    []string `query:"sort,explode" doc:"One of the fields, - before it for the larger first; aliases such as -count."`
	Orderby []string `query:"orderby,explode"`
}

// ExploreMeta tells what is in the columns.
type ExploreMeta struct {
	Fields        map[string]string `json:"fields"`
	Units         map[string]string `json:"units"`
	IsMetricsData bool              `json:"isMetricsData"`
	Dataset       string            `json:"dataset"`
	Tips          map[string]string `json:"tips"`
	DatasetReason string            `json:"datasetReason"`
	DataScanned   string            `json:"dataScanned" enum:"full,partial" doc:"partial: only the newest rows of the window were looked at."`
}

// Explored is an answer: rows by the names that were asked for.
type Explored struct {
	Data []map[string]any `json:"data"`
	Meta ExploreMeta      `json:"meta"`
}

// ExploreOutput is a page of rows.
type ExploreOutput struct {
	Link string `header:"Link"`
	Body Explored
}

// ValidInput asks whether a question could be answered.
type ValidInput struct {
	OrgPath
	FilterParams
	WindowParams
	Dataset []string `query:"dataset,explode"`
	Query   string   `query:"query"`
	Field   []string `query:"field,explode"`
	Orderby []string `query:"orderby,explode"`
	Sort    []string `query:"sort,explode"`
}

// ValidPart says whether a part of a question is one.
type ValidPart struct {
	Name  string  `json:"name,omitempty"`
	Valid bool    `json:"valid"`
	Error *string `json:"error"`
}

// ValidField is a field of a question.
type ValidField struct {
	Name     string  `json:"name"`
	Valid    bool    `json:"valid"`
	AttrType *string `json:"attrType" enum:"string,number,boolean"`
	Error    *string `json:"error"`
}

// ValidQuery is the search of a question.
type ValidQuery struct {
	Valid  bool         `json:"valid"`
	Error  *string      `json:"error"`
	Fields []ValidField `json:"fields"`
}

// Validity is the answer; it comes with 400 when something is not valid.
type Validity struct {
	Valid       bool         `json:"valid"`
	Projects    []ValidPart  `json:"projects"`
	Dataset     []ValidPart  `json:"dataset"`
	Environment []ValidPart  `json:"environment"`
	Field       []ValidField `json:"field"`
	Query       ValidQuery   `json:"query"`
	Orderby     []ValidField `json:"orderby"`
}

// ValidOutput is a validity with its status.
type ValidOutput struct {
	Status int
	Body   Validity
}

// SeriesInput asks for aggregates over time.
type SeriesInput struct {
	OrgPath
	ExploreParams
	YAxis        []string `query:"yAxis,explode"`
	Field        []string `query:"field,explode"`
	GroupBy      []string `query:"groupBy,explode"`
	Interval     string   `query:"interval"`
	TopEvents    string   `query:"topEvents" doc:"1 to 10 groups, by sort."`
	Sort         []string `query:"sort,explode"`
	Orderby      []string `query:"orderby,explode"`
	ExcludeOther string   `query:"excludeOther"`
}

// TimeSeriesValue is a bucket.
type TimeSeriesValue struct {
	Timestamp  int64 `json:"timestamp" doc:"Milliseconds."`
	Value      any   `json:"value"`
	Incomplete bool  `json:"incomplete"`
}

// TimeSeriesGroup is a column that a series is of.
type TimeSeriesGroup struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// TimeSeriesMeta tells about a series.
type TimeSeriesMeta struct {
	ValueType   string  `json:"valueType"`
	ValueUnit   *string `json:"valueUnit"`
	Interval    int64   `json:"interval"`
	Order       *int    `json:"order,omitempty"`
	IsOther     bool    `json:"isOther"`
	DataScanned string  `json:"dataScanned"`
}

// TimeSeries is an aggregate over time.
type TimeSeries struct {
	YAxis   string            `json:"yAxis"`
	Values  []TimeSeriesValue `json:"values"`
	GroupBy []TimeSeriesGroup `json:"groupBy,omitempty"`
	Meta    TimeSeriesMeta    `json:"meta"`
}

// AllTimeSeries is the answer.
type AllTimeSeries struct {
	TimeSeries []TimeSeries `json:"timeSeries"`
	Meta       struct {
		Dataset string `json:"dataset"`
		Start   int64  `json:"start"`
		End     int64  `json:"end"`
	} `json:"meta"`
}

// EventsMetaInput asks how many rows there are.
type EventsMetaInput struct {
	OrgPath
	ExploreParams
}

// EventsMeta is how many rows there are.
type EventsMeta struct {
	Count int64 `json:"count"`
}

// TracesInput lists traces.
type TracesInput struct {
	OrgPath
	FilterParams
	WindowParams
	PageParams
	Query []string `query:"query,explode"`
}

// TraceSummary is a trace in a list.
type TraceSummary struct {
	Trace          string  `json:"trace"`
	Name           string  `json:"name"`
	Project        string  `json:"project"`
	NumSpans       int64   `json:"numSpans"`
	MatchingSpans  int64   `json:"matchingSpans"`
	NumErrors      int64   `json:"numErrors"`
	NumOccurrences int64   `json:"numOccurrences"`
	RootDuration   float64 `json:"rootDuration"`
	Duration       float64 `json:"duration"`
	Start          int64   `json:"start" doc:"Milliseconds."`
	End            int64   `json:"end"`
}

// AttributesInput lists what items have.
type AttributesInput struct {
	OrgPath
	FilterParams
	WindowParams
	PageParams
	ItemType       string   `query:"itemType" doc:"spans or logs"`
	AttributeType  []string `query:"attributeType,explode" doc:"string, number, boolean"`
	SubstringMatch string   `query:"substringMatch"`
	Query          string   `query:"query"`
}

// AttributeSource says who named an attribute.
type AttributeSource struct {
	SourceType string `json:"source_type" enum:"sentry,user"`
}

// Attribute is a name that items have values under.
type Attribute struct {
	Key             string          `json:"key"`
	Name            string          `json:"name"`
	AttributeType   string          `json:"attributeType" enum:"string,number,boolean"`
	AttributeSource AttributeSource `json:"attributeSource"`
}

// AttributeValuesInput lists the values of an attribute.
type AttributeValuesInput struct {
	OrgPath
	FilterParams
	WindowParams
	PageParams
	Key            string `path:"tag"`
	ItemType       string `query:"itemType"`
	SubstringMatch string `query:"substringMatch"`
	Query          string `query:"query"`
}

// TraceItemInput names a span or a log.
type TraceItemInput struct {
	ProjectPath
	Item     string `path:"item"`
	ItemType string `query:"item_type"`
	TraceID  string `query:"trace_id"`
}

// TraceItemAttribute is a typed attribute.
type TraceItemAttribute struct {
	Name  string `json:"name"`
	Type  string `json:"type" enum:"str,int,float,bool"`
	Value any    `json:"value"`
}

// TraceItemDetail is a span or a log with all it has.
type TraceItemDetail struct {
	ItemID     string               `json:"itemId"`
	Timestamp  time.Time            `json:"timestamp"`
	Attributes []TraceItemAttribute `json:"attributes"`
	Meta       map[string]any       `json:"meta"`
	Links      []string             `json:"links" nullable:"true"`
}
