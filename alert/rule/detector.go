package rule

// Kinds of detector: what a rule of the workflows form can be about. Detectors of all kinds share one space of ids,
// made of the number of what they stand for and their kind.
const (
	DetectorMetric int64 = iota // a metric rule's
	DetectorErrors              // of a project
	DetectorStream              // of a project
	DetectorCron                // a monitor's, by the number made of its id
	detectorKinds
)

// DetectorID is the id of the detector of a kind for thing n.
func DetectorID(kind, n int64) int64 { return n*detectorKinds + kind }

// SplitDetector says what a detector's id stands for.
func SplitDetector(id int64) (kind, n int64) { return id % detectorKinds, id / detectorKinds }
