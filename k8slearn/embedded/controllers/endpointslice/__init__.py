"""Services and the pods behind them: EndpointSlices, and the older Endpoints beside them."""

from k8slearn.embedded.controllers.endpointslice.endpoints import EndpointsController
from k8slearn.embedded.controllers.endpointslice.endpointslice import EndpointSliceController
from k8slearn.embedded.controllers.endpointslice.mirroring import EndpointSliceMirroringController

__all__ = ["EndpointSliceController", "EndpointSliceMirroringController", "EndpointsController"]
