"""The server side of each space of the web app: its records and its rules, one folder a space.

They know the domain and the store; they know neither HTTP nor the gateway that mounts them, nor how models are served.
"""
