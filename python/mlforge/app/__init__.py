"""What a build and the measuring commands need of an application: lock, build step, limits, images, models.

Knows no study: `west build` never imports the study's memory.
"""
