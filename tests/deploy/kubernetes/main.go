// SPDX-License-Identifier: GPL-2.0-only

// Kubecheck checks Kubernetes manifests against the Go types that the API server decodes them into, and
// against the promises of this project:
//
//	kubecheck kustomize DIRECTORY		prints the output of the kustomization there
//	kubecheck validate FILE			every object strictly: no unknown and no duplicate fields
//	kubecheck oldest FILE			the pod by the types of Kubernetes 1.25, which drop unknown fields
//	kubecheck same FILE FILE		both have the same objects, except for additions by Helm
//	kubecheck disjoint FILE FILE		no object is in both
//	kubecheck config FILE			prints the exporter's configuration in it
//	kubecheck rules FILE			prints the rules in it in the format of Prometheus
package main

import (
	"errors"
	"fmt"
	"os"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func kustomize(args []string) error {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), args[0])
	if err != nil {
		return err
	}
	text, err := made.AsYaml()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func validate(args []string) error {
	objects, err := readObjects(args[0])
	if err != nil {
		return err
	}
	return checkPromises(objects)
}

func printConfig(args []string) error {
	objects, err := readObjects(args[0])
	if err != nil {
		return err
	}
	for _, o := range objects {
		if m := o.configMap(); m != nil && m.Data["retprobe.yaml"] != "" {
			fmt.Print(m.Data["retprobe.yaml"])
			return nil
		}
	}
	return errors.New("there is no configuration in it")
}

var commands = map[string]struct {
	args int
	run  func([]string) error
}{
	"kustomize": {1, kustomize},
	"validate":  {1, validate},
	"oldest":    {1, oldest},
	"same":      {2, same},
	"config":    {1, printConfig},
	"disjoint":  {2, disjoint},
	"rules":     {1, printRules},
}

func main() {
	if len(os.Args) > 1 {
		if c, ok := commands[os.Args[1]]; ok && len(os.Args) == c.args+2 {
			if err := c.run(os.Args[2:]); err != nil {
				fmt.Fprintf(os.Stderr, "kubecheck: %s: %v\n", os.Args[len(os.Args)-1], err)
				os.Exit(1)
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: kubecheck kustomize DIR | validate FILE | oldest FILE | same FILE FILE | disjoint FILE FILE | config FILE | rules FILE")
	os.Exit(2)
}
