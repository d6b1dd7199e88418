// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// The privileges that a container may have. Any other is an error.
var capabilities = []core.Capability{"BPF", "PERFMON", "KILL", "SETUID", "SETGID", "SYSLOG", "DAC_READ_SEARCH",
	"SYS_ADMIN", "SYS_RESOURCE", "SYS_PTRACE", "CHECKPOINT_RESTORE"}

type findings []error

func (f *findings) must(condition bool, format string, args ...any) {
	if !condition {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

func (f *findings) container(c core.Container) {
	s := c.SecurityContext
	isTrue := func(b *bool) bool { return b != nil && *b }
	isFalse := func(b *bool) bool { return b != nil && !*b }

	f.must(isFalse(s.Privileged), "the container is privileged")
	f.must(isFalse(s.AllowPrivilegeEscalation), "the container may gain privileges")
	f.must(isTrue(s.ReadOnlyRootFilesystem), "the container may write to its root file system")
	f.must(slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}), "capabilities are kept")
	f.must(slices.Contains(s.Capabilities.Add, "BPF") && slices.Contains(s.Capabilities.Add, "PERFMON"),
		"without BPF and PERFMON nothing can be probed")
	for _, added := range s.Capabilities.Add {
		f.must(slices.Contains(capabilities, added), "capability %s is nothing that is needed", added)
	}
	f.must(c.Resources.Limits.Memory().Sign() > 0 && c.Resources.Requests.Cpu().Sign() > 0,
		"the container's resources are unknown")
	f.must(c.LivenessProbe != nil && c.ReadinessProbe != nil && c.StartupProbe != nil, "a probe is missing")
}

// The alert for an exporter that is down only knows the job's name.
func (f *findings) monitor(o object, relabelings []monitoring.RelabelConfig) {
	f.must(slices.ContainsFunc(relabelings, func(r monitoring.RelabelConfig) bool {
		return r.TargetLabel == "job" && r.Replacement != nil && strings.Contains(*r.Replacement, "retprobe")
	}), "%s leaves the job with a name that the alerts do not know", o.id())
}

// A monitor may be in another namespace than the pods.
func finds(o object, namespace string) bool {
	switch t := o.Object.(type) {
	case *monitoring.PodMonitor:
		return slices.Contains(t.Spec.NamespaceSelector.MatchNames, namespace)
	case *monitoring.ServiceMonitor:
		return slices.Contains(t.Spec.NamespaceSelector.MatchNames, namespace)
	}
	return false
}

// Mounts of the host are read-only, except tracefs on request. Every mount has its volume.
func (f *findings) mounts(pod core.PodSpec) {
	volumes := map[string]core.Volume{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		v, ok := volumes[m.Name]
		delete(volumes, m.Name)
		f.must(ok, "mount %s has no volume", m.Name)
		f.must(m.ReadOnly || v.HostPath != nil && v.HostPath.Path == "/sys/kernel/tracing",
			"%s can be written to", m.MountPath)
	}
	f.must(len(volumes) == 0, "volumes that nothing mounts: %v", volumes)
}

// The AppArmor profile of runtimes forbids writing to tracefs. Before Kubernetes 1.30, an annotation disables it.
func (f *findings) appArmor(pod core.PodTemplateSpec) {
	c := pod.Spec.Containers[0]
	profile := c.SecurityContext.AppArmorProfile
	annotation := pod.Annotations[core.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix+c.Name]
	unconfined := profile != nil && profile.Type == core.AppArmorProfileTypeUnconfined || annotation == "unconfined"
	writes := slices.ContainsFunc(c.VolumeMounts, func(m core.VolumeMount) bool { return !m.ReadOnly })
	f.must(writes == unconfined, "tracefs is writable: %v, AppArmor unconfined: %v", writes, unconfined)
	f.must(profile == nil || annotation == "", "AppArmor is set twice")
}

func (f *findings) daemonSet(d *apps.DaemonSet, objects []object) {
	pod := d.Spec.Template.Spec
	selects := func(s map[string]string) bool {
		return len(s) > 0 && labels.SelectorFromSet(s).Matches(labels.Set(d.Spec.Template.Labels))
	}
	f.must(selects(d.Spec.Selector.MatchLabels), "the DaemonSet does not select its pods")
	f.must(pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken,
		"the pod has a token of the API server")
	f.must(!pod.HostNetwork && !pod.HostIPC, "the pod is in the node's network")
	f.must(pod.SecurityContext.SeccompProfile != nil, "the pod has no seccomp profile")
	f.must(len(pod.Containers) == 1 && len(pod.InitContainers) == 0, "there is more than one container")
	f.container(pod.Containers[0])
	f.mounts(pod)
	f.appArmor(d.Spec.Template)

	has := map[string]bool{}
	for _, o := range objects {
		var s meta.LabelSelector
		has[strings.Fields(o.kind)[1]+" "+o.GetName()] = true
		f.must(o.GetNamespace() == d.Namespace || o.GetNamespace() == "" || finds(o, d.Namespace), "%s is elsewhere", o.id())
		switch t := o.Object.(type) {
		case *core.Service:
			s.MatchLabels = t.Spec.Selector
		case *networking.NetworkPolicy:
			s = t.Spec.PodSelector
		case *monitoring.PodMonitor:
			s = t.Spec.Selector
			f.monitor(o, t.Spec.PodMetricsEndpoints[0].RelabelConfigs)
		case *monitoring.ServiceMonitor:
			f.monitor(o, t.Spec.Endpoints[0].RelabelConfigs)
			continue
		default:
			continue
		}
		f.must(selects(s.MatchLabels), "%s does not select the pods", o.id())
	}
	f.must(has["ServiceAccount "+pod.ServiceAccountName] || pod.ServiceAccountName == "default", "ServiceAccount %s is not there", pod.ServiceAccountName)
	f.must(pod.PriorityClassName == "" || has["PriorityClass "+pod.PriorityClassName] ||
		strings.HasPrefix(pod.PriorityClassName, "system-"), "PriorityClass %s is not there", pod.PriorityClassName)
	for _, v := range pod.Volumes {
		f.must(v.ConfigMap == nil || has["ConfigMap "+v.ConfigMap.Name], "ConfigMap of volume %s is not there", v.Name)
	}
}

func checkPromises(objects []object) error {
	var f findings
	sets := 0
	seen := map[string]bool{}
	for _, o := range objects {
		f.must(!seen[o.id()], "%s is there twice", o.id())
		seen[o.id()] = true
		if d, ok := o.Object.(*apps.DaemonSet); ok {
			sets++
			f.daemonSet(d, objects)
		}
		if m := o.configMap(); m != nil {
			for key, text := range m.Data {
				f.must(text != "" && len(text) < 900_000, "%s of %s is empty, or too large", key, o.id())
			}
		}
	}
	f.must(sets == 1, "there are %d DaemonSets", sets)
	return errors.Join(f...)
}
