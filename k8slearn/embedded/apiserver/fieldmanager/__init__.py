"""Who owns which field of an object: ``metadata.managedFields``, and server-side apply, which goes by it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
Upstream: apimachinery's ``util/managedfields`` on top of sigs.k8s.io/structured-merge-diff.

From below: ``fieldset`` is sets of fields as the API writes them, ``types`` how each field of a kind is owned,
``comparison`` which fields a write changed, ``managers`` the entries of managedFields, ``merging`` an applied
configuration on a live object, ``apply`` all of it together.
"""
