"""What makes a CustomResourceDefinition real, and what cleans up after it. In a real cluster these controllers are a
part of the API server (apiextensions-apiserver): they write the conditions, and ``apiserver/apiextensions`` serves
what is established.
"""

from k8slearn.embedded.controllers.customresourcedefinition.establishing import EstablishingController
from k8slearn.embedded.controllers.customresourcedefinition.finalizer import DefinitionFinalizer
from k8slearn.embedded.controllers.customresourcedefinition.naming import NamingConditionController

__all__ = ["DefinitionFinalizer", "EstablishingController", "NamingConditionController"]
