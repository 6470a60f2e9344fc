# SPDX-License-Identifier: GPL-2.0-or-later
# The devices of Octet's QEMU: a q35 machine, PCIe root ports, virtio, Octet.
# QEMU is configured --without-default-devices, so all is named here.
CONFIG_Q35=y
CONFIG_PCIE_PORT=y
CONFIG_VTD=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_9P=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_EDU=y
CONFIG_ISA_DEBUG=y
CONFIG_OCTET=y
