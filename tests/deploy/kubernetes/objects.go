// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	scheduling "k8s.io/api/scheduling/v1"
	core125 "k8s.io/api125/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// Other kinds are errors, because they would not be checked.
var kinds = map[string]func() meta.Object{
	"apps/v1 DaemonSet":                       func() meta.Object { return &apps.DaemonSet{} },
	"v1 ConfigMap":                            func() meta.Object { return &core.ConfigMap{} },
	"v1 Namespace":                            func() meta.Object { return &core.Namespace{} },
	"v1 Service":                              func() meta.Object { return &core.Service{} },
	"v1 ServiceAccount":                       func() meta.Object { return &core.ServiceAccount{} },
	"networking.k8s.io/v1 NetworkPolicy":      func() meta.Object { return &networking.NetworkPolicy{} },
	"scheduling.k8s.io/v1 PriorityClass":      func() meta.Object { return &scheduling.PriorityClass{} },
	"monitoring.coreos.com/v1 PodMonitor":     func() meta.Object { return &monitoring.PodMonitor{} },
	"monitoring.coreos.com/v1 ServiceMonitor": func() meta.Object { return &monitoring.ServiceMonitor{} },
	"monitoring.coreos.com/v1 PrometheusRule": func() meta.Object { return &monitoring.PrometheusRule{} },
}

type object struct {
	kind string
	meta.Object
}

func (o object) id() string {
	return o.kind + " " + o.GetNamespace() + "/" + o.GetName()
}

func (o object) configMap() *core.ConfigMap {
	m, _ := o.Object.(*core.ConfigMap)
	return m
}

func decode(text []byte) (object, error) {
	var t meta.TypeMeta
	if err := yaml.Unmarshal(text, &t); err != nil {
		return object{}, err
	}
	kind := t.APIVersion + " " + t.Kind
	make, ok := kinds[kind]
	if !ok {
		return object{}, fmt.Errorf("%s is no kind that is known here", kind)
	}
	o := object{kind, make()}
	// As the API server does it: unlike encoding/json, it is case-sensitive.
	text, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return object{}, fmt.Errorf("%s: %w", kind, err)
	}
	strict, err := json.UnmarshalStrict(text, o.Object)
	if err = errors.Join(append(strict, err)...); err != nil {
		return object{}, fmt.Errorf("%s %s: %w", kind, o.GetName(), err)
	}
	return o, nil
}

func readObjects(path string) ([]object, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var objects []object
	var errs []error
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		var anything any
		if err := yaml.Unmarshal(document, &anything); err == nil && anything == nil {
			continue // comments only
		}
		o, err := decode(document)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		objects = append(objects, o)
	}
	if len(objects) == 0 && len(errs) == 0 {
		return nil, errors.New("no objects in it")
	}
	return objects, errors.Join(errs...)
}

func oldest(args []string) error {
	objects, err := readObjects(args[0])
	if err != nil {
		return err
	}
	for _, o := range objects {
		if d, ok := o.Object.(*apps.DaemonSet); ok {
			text, err := yaml.Marshal(d.Spec.Template)
			if err != nil {
				return err
			}
			return yaml.UnmarshalStrict(text, &core125.PodTemplateSpec{})
		}
	}
	return errors.New("there is no DaemonSet in it")
}

// Additions by one tool.
func withoutTool(o object) object {
	strip := func(m map[string]string) map[string]string {
		for _, key := range []string{"helm.sh/chart", "app.kubernetes.io/managed-by"} {
			delete(m, key)
		}
		return m
	}
	o.SetLabels(strip(o.GetLabels()))
	if d, ok := o.Object.(*apps.DaemonSet); ok {
		strip(d.Spec.Template.Labels)
		strip(d.Spec.Template.Annotations)
	}
	return o
}

func same(args []string) error {
	left, err := readObjects(args[0])
	if err != nil {
		return err
	}
	right, err := readObjects(args[1])
	if err != nil {
		return err
	}
	byID := map[string]object{}
	for _, o := range left {
		byID[o.id()] = withoutTool(o)
	}
	var errs []error
	for _, o := range right {
		other, ok := byID[o.id()]
		delete(byID, o.id())
		if !ok {
			errs = append(errs, fmt.Errorf("%s is in the second only", o.id()))
		} else if o = withoutTool(o); !reflect.DeepEqual(other.Object, o.Object) {
			a, _ := yaml.Marshal(other.Object)
			b, _ := yaml.Marshal(o.Object)
			errs = append(errs, fmt.Errorf("%s differs:\n%s---\n%s", o.id(), a, b))
		}
	}
	for id := range byID {
		errs = append(errs, fmt.Errorf("%s is in the first only", id))
	}
	return errors.Join(errs...)
}

// Two releases in one cluster share no object, neither cluster-wide nor in a namespace.
func disjoint(args []string) error {
	left, err := readObjects(args[0])
	if err != nil {
		return err
	}
	right, err := readObjects(args[1])
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, o := range left {
		taken[o.id()] = true
	}
	var errs []error
	for _, o := range right {
		if taken[o.id()] {
			errs = append(errs, fmt.Errorf("%s is in both", o.id()))
		}
	}
	return errors.Join(errs...)
}

func printRules(args []string) error {
	objects, err := readObjects(args[0])
	if err != nil {
		return err
	}
	for _, o := range objects {
		if r, ok := o.Object.(*monitoring.PrometheusRule); ok {
			text, err := yaml.Marshal(r.Spec)
			if err != nil {
				return err
			}
			_, err = os.Stdout.Write(text)
			return err
		}
	}
	return errors.New("there are no rules in it")
}
