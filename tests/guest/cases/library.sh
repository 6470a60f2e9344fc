# SPDX-License-Identifier: MIT
# The library's tests and small examples on the device: the unit tests take the
# DRM backend where there is one.
# device: cores=2
# kernel: stock debug-full
# timeout: 180
check "backends: fences, arrays, queues, failures" lib_backends
check "jobs: several commands, SRAM, malformed commands" lib_jobs
check "jobs of constant weights: packed copies, shared and freed" lib_job_panels
check "operations: device against fallback" lib_ops
# The library lists no buffers: what runs when it is killed loses its memory.
check "programs killed while their jobs run: the next one is fine" sh -c '
	for after in 0.1 0.3 0.8; do
		lib_ops >/dev/null 2>&1 &
		sleep $after
		kill -9 $!
		wait $!
	done
	hello_gemm drm'
check "plans: small networks, slots, batches, CPU operators between" lib_plan
check "hello_gemm takes the device by itself" sh -c 'hello_gemm | grep -q ^drm:'
check "hello_gemm" hello_gemm drm
check "mac1d: by hand and on the device" mac1d drm
