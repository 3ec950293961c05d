"""CronJobs: a Job at each time of a schedule. ``cronjob`` is the controller, ``times`` says which time is due."""

from k8slearn.embedded.controllers.cronjob.cronjob import CronJobController

__all__ = ["CronJobController"]
