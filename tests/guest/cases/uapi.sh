# SPDX-License-Identifier: MIT
# Every documented rejection of every ioctl, and what is accepted beside it.
# device: cores=2
# timeout: 150
check "rejections of queries, buffers and queues" uapi_errors
check "rejections of submits" uapi_submit
