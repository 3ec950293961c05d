"""Custom resources, which in a real cluster are served by apiextensions-apiserver: what a CustomResourceDefinition
declares becomes a ``Kind`` like any other, and the generic path serves it.

``serving`` keeps the table of kinds as the definitions in the store say it, ``customkind`` makes a Kind of one
version. ``pruning``, ``defaulting``, ``schemavalidation``, ``listtype``, ``objectmeta`` and ``validationrules`` are
what a structural schema does with an object; all of them read the JSON of ``openAPIV3Schema`` as it is.
``definitions``, ``structural`` and ``openapischema`` say what is wrong with a definition.
https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/
"""
