# From a base image to an image in the cloud in one `packer build`: QEMU starts the base image, what you provision goes
# into it, and imgport checks, converts, uploads and imports what came out. The build fails where the cloud would refuse
# the image, or where the upload or the import fails; what lies on the disk then says why.
#
#   export IMGPORT_REGION=cn-hangzhou IMGPORT_BUCKET=my-images
#   packer build -var base_image=debian-12-genericcloud-amd64.qcow2 -var base_checksum=sha512:... packer-import.pkr.hcl
#
# The keys stay where imgport reads them by itself (the environment, ~/.aliyun/config.json, an instance's role): no
# variable of Packer's holds one, so that none gets into its log. Packer 1.7 and later want a `packer` block here too, with
# github.com/hashicorp/qemu among its required_plugins.

variable "base_image" {
  type        = string
  description = "A disk image that starts by itself, with a user whom Packer can log in as"
}

variable "base_checksum" {
  type        = string
  description = "sha256:..., or where it is: file:https://.../SHA256SUMS"
}

variable "ssh_username" {
  type    = string
  default = "debian"
}

variable "ssh_private_key_file" {
  type    = string
  default = ""
}

variable "image_name" {
  type    = string
  default = "debian-12-ours"
}

variable "upload" {
  type        = string
  description = "Where the artifact goes; empty: oss://IMGPORT_BUCKET/IMAGE_NAME.qcow2"
  default     = ""
}

variable "import" {
  type        = bool
  description = "Whether the cloud makes an image of it"
  default     = true
}

source "qemu" "debian" {
  disk_image           = true
  iso_url              = var.base_image
  iso_checksum         = var.base_checksum
  disk_size            = "20G"
  format               = "qcow2"
  headless             = true
  output_directory     = "output"
  vm_name              = "debian.qcow2"
  ssh_username         = var.ssh_username
  ssh_private_key_file = var.ssh_private_key_file
  ssh_timeout          = "10m"
  # What was swapped out or deleted while it ran need not be uploaded.
  disk_discard     = "unmap"
  shutdown_command = "sudo fstrim -av; sudo poweroff"
}

build {
  sources = ["source.qemu.debian"]

  # Your provisioners come here. The last one leaves nothing of this machine behind, so that each that is started from
  # the image gets keys and a name of its own.
  provisioner "shell" {
    inline = ["sudo cloud-init clean --logs || true", "sudo truncate -s 0 /etc/machine-id"]
  }

  post-processor "shell-local" {
    environment_vars = [
      "IMAGE=output/debian.qcow2",
      "IMAGE_NAME=${var.image_name}",
      "UPLOAD=${var.upload}",
      "IMPORT=${var.import ? "--import" : ""}"
    ]
    inline = [
      "set -- --region \"$IMGPORT_REGION\" --bucket \"$IMGPORT_BUCKET\" --object \"$IMAGE_NAME.qcow2\"",
      "imgport prepare \"$IMAGE\" --output artifacts --image-name \"$IMAGE_NAME\" \"$@\" --upload \"$${UPLOAD:-oss://$IMGPORT_BUCKET/$IMAGE_NAME.qcow2}\" $IMPORT"
    ]
  }
}
