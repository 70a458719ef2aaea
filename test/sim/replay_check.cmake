# SPDX-License-Identifier: Apache-2.0
#
# The same seed in two processes gives the same trace; another seed gives another. With HTTP/2 too,
# where HTTP2 is --http2.
foreach(run a b)
  execute_process(COMMAND ${SIM} ${HTTP2} --seed 42
                  OUTPUT_VARIABLE out_${run} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "seed 42 failed: ${out_${run}}")
  endif()
endforeach()
if(NOT out_a STREQUAL out_b)
  message(FATAL_ERROR "seed 42 gave two traces:\n${out_a}${out_b}")
endif()
execute_process(COMMAND ${SIM} ${HTTP2} --seed 43 OUTPUT_VARIABLE out_c)
string(REGEX MATCH "trace [0-9a-f]+" trace_a "${out_a}")
string(REGEX MATCH "trace [0-9a-f]+" trace_c "${out_c}")
if(trace_a STREQUAL "" OR trace_a STREQUAL trace_c)
  message(FATAL_ERROR "the trace does not tell runs apart: '${trace_a}' '${trace_c}'")
endif()
