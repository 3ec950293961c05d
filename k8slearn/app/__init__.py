"""The application that the lessons deploy: a web page, a model server, a worker, a load generator.

It is one piece of code for two worlds. Each program is an ``async`` function of a ``Host``: whatever it asks of
the world outside (time, files, the network, CPU, memory) it asks there. In a real container ``real.py`` is the
host, on asyncio and sockets; in the embedded cluster a simulated process is. So a lesson behaves alike on every
engine, and what a learner reads here is what runs.

The folder stands alone: standard library only, nothing of k8slearn is imported, because
``clusters/images/app/Dockerfile`` copies just this folder into an image.

    python -m app web | model | train | worker | load
"""
