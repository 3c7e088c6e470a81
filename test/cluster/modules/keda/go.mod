module example.com/keda

go 1.25.0

// The files of its CustomResourceDefinitions are used, and none of its code.
require github.com/kedacore/keda/v2 v2.20.2
