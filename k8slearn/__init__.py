"""Learn Kubernetes by doing it, in JupyterLab, on a cluster that needs nothing but Python."""
