"""Who may do what: https://kubernetes.io/docs/reference/access-authn-authz/rbac/"""
