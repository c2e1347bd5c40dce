package consent

// Receipts speak in the terms of the W3C Data Privacy Vocabulary 2.3 where it
// has one, else in terms of our own that are narrower than one of its. The list
// in testdata/terms.tsv says which; a test holds what is written here against it.
const (
	dpv = "https://w3id.org/dpv#"
	pd  = "https://w3id.org/dpv/pd#"
	own = "https://fitveil.dev/vocabulary#"
)

var purposeIRIs = map[Purpose]string{
	TryOnRender:        own + "VirtualTryOn",
	Sizing:             dpv + "ProvideProductRecommendations",
	ProfileStore:       dpv + "ServicePersonalisation",
	GalleryPublish:     own + "GalleryPublication",
	TransferOutsideEEA: own + "TransferOutsideEEA",
}

// IRI returns the purpose's term, that of an unspecified purpose for one that
// fitveil does not know.
func (p Purpose) IRI() string {
	if iri, ok := purposeIRIs[p]; ok {
		return iri
	}
	return dpv + "Purpose"
}

var categoryIRIs = map[Category]string{
	Photo:           pd + "Picture",
	SpacePhoto:      own + "SpacePicture",
	TryOnImage:      own + "TryOnImage",
	BodyMeasurement: own + "BodyMeasurement",
	SizeAdvice:      own + "SizeAdvice",
	Contact:         pd + "Contact",
	Identifier:      pd + "Identifying",
	Usage:           pd + "ServiceConsumptionBehavior",
	Conversation:    pd + "Communication",
	ConsentRecord:   dpv + "ConsentRecord",
}

// IRI returns the category's term, "" for one that fitveil does not know.
func (c Category) IRI() string { return categoryIRIs[c] }

var basisIRIs = map[Basis]string{
	Consent:            dpv + "Consent",
	Contract:           dpv + "Contract",
	LegitimateInterest: dpv + "LegitimateInterest",
	LegalObligation:    dpv + "LegalObligation",
}

// IRI returns the basis' term, "" for an unknown one.
func (b Basis) IRI() string { return basisIRIs[b] }

var roleIRIs = map[Role]string{
	Processor:       dpv + "DataProcessor",
	Controller:      dpv + "DataController",
	JointController: dpv + "JointDataControllers",
}

// IRI returns the role's term, "" for an unknown one.
func (r Role) IRI() string { return roleIRIs[r] }

// eventStates are the terms of the states that events lead to.
var eventStates = map[Reason]string{
	Granted:   dpv + "ConsentGiven",
	Refused:   dpv + "ConsentRefused",
	Withdrawn: dpv + "ConsentWithdrawn",
	Expired:   dpv + "ConsentExpired",
}

// consentType is the kind of consent that a grant records: nothing else is.
const consentType = dpv + "ExplicitlyExpressedConsent"
