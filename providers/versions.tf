# The versions of the providers that every plan and every deploy uses. Renovate raises them together with the lock file
# beside this file; synthesis copies the locks that a stack needs into its folder.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.36.0"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "3.1.1"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "2.38.0"
    }
  }
}
