# SPDX-License-Identifier: MIT
# A client takes all that it may, and another one does not notice. Not on the
# debug kernel, where that takes long and no page may be mapped twice: there KUnit
# has the caps.
# kernel: stock
# device: cores=2
# timeout: 300
check "mappings" caps mappings
check "bytes" caps bytes
check "queues and jobs" caps jobs
check "the module unloads" unload
check "insmod" insmod /modules/octet.ko
check "a job gives right bits" fdinfo
