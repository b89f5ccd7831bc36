"""Samples from codes, as the documentation of a stored step says.

Arguments: the step, then the zero of each column. int16 codes come on standard input; out go the int16 samples.
"""
import sys

import numpy

step, *zeros = map(float, sys.argv[1:])
codes = numpy.frombuffer(sys.stdin.buffer.read(), "<i2").reshape(-1, len(zeros))
sys.stdout.buffer.write(numpy.rint(step * codes + numpy.array(zeros)).astype("<i2").tobytes())
