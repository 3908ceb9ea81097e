"""Generating a data set from nothing: our command beside the simplest loop, each as a whole process."""
