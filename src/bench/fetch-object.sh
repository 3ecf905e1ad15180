#!/bin/sh
# Fetches an object for the stand-in of aws_s3 in the benchmarks, where the start of the JVM that the tests
# use for it would hide what is measured. Arguments: the object's URL; the file for its size; ignored.
exec curl --silent --fail "$1" --write-out '%{stderr}%{size_download}' 2> "$2"
