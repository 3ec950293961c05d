"""What is wrong with an object, in Kubernetes' own sentences: validators that several kinds share.

Upstream: ``apimachinery/pkg/util/validation``, ``…/api/validation``, ``pkg/apis/core/validation``. Each takes
a part of an object and its path (``spec.containers[0]``) and yields ``FieldError``s in upstream's order; none
alters anything. What the API server's decoding let through has the right JSON types.
"""
